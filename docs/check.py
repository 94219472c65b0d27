"""Reads the documents and says what in them is not true any more.

Every relative link names a file and a heading that exist; every row of
docs/requirements.md names a test that exists as a function.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| *([A-Z]\d+) *\|(.*)\|(.*)\| *$")


def documents():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).exists()]


def anchors(path):
    found = set()
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("#"):
            words = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            found.add(words.replace(" ", "-"))
    return found


def broken_links(document):
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.S)
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists():
            yield f"{target} does not exist"
        elif anchor and path.suffix == ".md" and anchor not in anchors(path):
            yield f"{target} names no heading there"


def functions():
    text = subprocess.run(
        ["git", "grep", "-hoE", "--untracked", r"fn [a-z0-9_]+", "--", "*.rs"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    return {line.split()[1] for line in text.split("\n") if line}


def unproved(document):
    known = functions()
    seen = set()
    for line in document.read_text(encoding="utf-8").split("\n"):
        row = ROW.match(line)
        if not row:
            continue
        number, _, tests = (part.strip() for part in row.groups())
        if number in seen:
            yield f"{number} has two rows"
        seen.add(number)
        names = re.findall(r"`?([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`?", tests)
        if not names:
            yield f"{number} names no test"
        for name in names:
            if name not in known:
                yield f"{number} names the test {name}, which does not exist"


def main():
    wrong = [f"{d.relative_to(ROOT)}: {why}" for d in documents() for why in broken_links(d)]
    requirements = ROOT / "docs/requirements.md"
    if requirements.exists():
        wrong += [f"docs/requirements.md: {why}" for why in unproved(requirements)]
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
