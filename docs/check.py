"""Reads the documents and says what in them is not true any more.

Every relative link names a file and a heading that exist; every row of
docs/requirements.md names a test that exists as a function.
"""

import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| *([A-Z]\d+) *\|(.*)\|(.*)\| *$")


def files(ending):
    """What is ours, found without git: a bare machine has none."""
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if name[0] != "." and name not in {"target", "node_modules"}]
        yield from (pathlib.Path(folder, name) for name in sorted(names) if name.endswith(ending))


def documents():
    return list(files(".md"))


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
    return {name for path in files(".rs") for name in re.findall(r"\bfn ([a-z0-9_]+)", path.read_text(encoding="utf-8"))}


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
