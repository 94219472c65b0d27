#!/usr/bin/env python3
"""Takes one guard away at a time and looks whether a test notices.

    tests/guards/run.py listed               whether code.toml is still true of the code: a moment, part of tests/run
    tests/guards/run.py chosen               a guard of the schema for each kind of guard: tests/run guards
    tests/guards/run.py schema [NAME [PART]] every CHECK, UNIQUE, trigger and policy of schema/NAME.txt (all files without
                                             NAME), of those whose line holds PART
    tests/guards/run.py code [PART]          the edits of code.toml, each in a copy of the last commit, built and tested

Wants the environment of `eval "$(deploy/local/env)"`. Prints a line a guard: `ok` and the test that noticed, or `FAILED` when
none did. A guard that code.toml no longer finds is FAILED too. --table prints the rows of docs/guards.md instead.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# This test compares the schema with the reviewed list, so it notices every
# guard by name; what is asked here is which test notices what the guard did.
LISTING = "the_databases_refuse_what_was_reviewed"


def nextest() -> bool:
    asked = subprocess.run(["cargo", "nextest", "--version"], capture_output=True, check=False)
    return asked.returncode == 0


def tests(where: Path, packages: list[str], only: str, environment: dict[str, str]) -> tuple[bool, str, str]:
    """Runs tests until one fails. Returns whether they could run, who failed, and what they said."""
    chosen = [argument for package in packages for argument in ("-p", package)]
    if nextest():
        if where == ROOT:  # as tests/run builds them, so that nothing is built again
            chosen = ["--workspace"]
        named = " | ".join(f"package({package})" for package in packages)
        pattern = f"({named}) & not test({LISTING})" + (f" & test(/{only}/)" if only else "")
        command = ["cargo", "nextest", "run", *chosen, "--retries", "0", "--fail-fast", "-E", pattern]
    else:
        command = ["cargo", "test", *chosen, "--lib", "--tests", "--", "--skip", LISTING, *([only.lstrip("^")] if only else [])]
    ran = subprocess.run(
        command,
        cwd=where,
        env={**os.environ, "SQLX_OFFLINE": "true", "CARGO_TERM_COLOR": "never", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    said = ran.stdout + ran.stderr
    if ran.returncode == 0:
        return True, "", ""
    failed = re.search(r"^\s*(?:FAIL|TIMEOUT|SIGABRT|TERMINATING)\s.*?(\S+)$", said, re.M) or re.search(
        r"^test (\S+) \.\.\. FAILED$", said, re.M
    )
    if failed:
        return True, failed.group(1), how(said)
    return False, "\n".join(said.splitlines()[-15:]), ""


def how(said: str) -> str:
    """The first violation, or what the test that failed said."""
    told = re.search(r"^\s*(\d+ violations:)\s*\n\s*(.*)$", said, re.M)
    if told:
        return f"{told.group(1)} {told.group(2)}"
    told = re.search(r"panicked at [^\n]*:\n\s*(.*)$", said, re.M)
    return told.group(1) if told else ""


# ---- guards of the schemas


def removal(line: str) -> str | None:
    """The statement that takes away the guard of a line of schema/*.txt."""
    kind, rest = next(((k, line[len(k) + 1 :]) for k in KINDS if line.startswith(k + " ")), (None, ""))
    if kind is None:
        return None
    name, text = rest.split(": ", 1)
    table, _, own = name.partition(".")
    if kind == "constraint":
        if not text.startswith(("CHECK", "UNIQUE", "EXCLUDE")):
            return None
        return f"alter table {table} drop constraint {own} cascade"
    if kind == "unique index":
        return f"drop index {own}"
    if kind == "trigger":
        return f"drop trigger {own} on {table}"
    return f"alter policy {own} on {table} using (true)"


KINDS = ("constraint", "unique index", "trigger", "policy")


def schema_guards(name: str, part: str):
    """(schema, line, statement) for each guard that can be taken away."""
    for file in sorted((HERE / "schema").glob("*.txt")):
        if name and file.stem != name:
            continue
        for line in file.read_text(encoding="utf-8").splitlines():
            statement = removal(line)
            if statement and part in line:
                yield file.stem, line, statement


def without(schema: str, statement: str, only: str = "") -> tuple[bool, str, str]:
    # Platform's tables are in every schema; its own tests use that of orders.
    service, package = ("orders", "platform") if schema == "platform" else (schema, schema)
    return tests(ROOT, [package], only, {"STUDIO_TEST_WITHOUT": f"{service}: {statement}"})


# ---- guards of the code


def copy_of_last_commit() -> Path:
    tree = ROOT / ".studio" / "guards"
    if (tree / ".git").exists():  # files that did not change need not be built again
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True)
        subprocess.run(["git", "reset", "-q", "--hard"], cwd=tree, check=True)
        subprocess.run(["git", "clean", "-qfd"], cwd=tree, check=True)
        subprocess.run(["git", "checkout", "-q", "--detach", head.stdout.strip()], cwd=tree, check=True)
        return tree
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["git", "worktree", "prune"], cwd=ROOT, check=True)
    subprocess.run(["git", "worktree", "add", "--detach", "-q", str(tree), "HEAD"], cwd=ROOT, check=True)
    return tree


def follow(folder: Path, guard: str, without: str) -> None:
    """Lets the statement without its guard count as checked: its types are the same."""
    for known in list(folder.glob("query-*.json")):
        statement = json.loads(known.read_text(encoding="utf-8"))
        if guard in statement["query"]:
            statement["query"] = statement["query"].replace(guard, without)
            statement["hash"] = hashlib.sha256(statement["query"].encode()).hexdigest()
            (folder / f"query-{statement['hash']}.json").write_text(json.dumps(statement), encoding="utf-8")


def edited(tree: Path, guard: dict) -> tuple[bool, str, str]:
    if (found := times(tree, guard)) != 1:
        return False, f"{guard['file']} holds this guard {found} times", ""
    file = tree / guard["file"]
    sound = file.read_text(encoding="utf-8")
    file.write_text(sound.replace(guard["guard"], guard["without"]), encoding="utf-8")
    if "sql" in guard:
        follow(tree / guard["sql"] / ".sqlx", guard["guard"].strip('"'), guard["without"].strip('"'))
    try:
        target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target" / "guards"))
        return tests(tree, guard["packages"], guard.get("tests", ""), {"CARGO_TARGET_DIR": target})
    finally:
        file.write_text(sound, encoding="utf-8")


def code_guards(part: str) -> list[dict]:
    with (HERE / "code.toml").open("rb") as file:
        return [guard for guard in tomllib.load(file)["guard"] if part in guard["name"]]


def times(tree: Path, guard: dict) -> int:
    return (tree / guard["file"]).read_text(encoding="utf-8").count(guard["guard"])


# ---- telling


class Report:
    def __init__(self, table: bool) -> None:
        self.table = table
        self.missed = 0

    def tell(self, name: str, ran: bool, who: str, said: str) -> None:
        noticed = ran and bool(who)
        self.missed += not noticed
        if self.table:
            cells = [name, f"`{who}`" if noticed else "nobody", said]
            print("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |", flush=True)
        elif noticed:
            print(f"ok      {name}: {who} noticed{f': {said}' if said else ''}", flush=True)
        else:
            print(f"FAILED  {name}: {'nobody noticed' if ran else who}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["listed", "chosen", "schema", "code"])
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("part", nargs="?", default="")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    report = Report(asked.table)
    if asked.what == "schema":
        for schema, line, statement in schema_guards(asked.name, asked.part):
            report.tell(f"{schema} {line.split(': ', 1)[0]}", *without(schema, statement))
    elif asked.what == "chosen":
        with (HERE / "chosen.toml").open("rb") as file:
            for guard in tomllib.load(file)["guard"]:
                report.tell(f"{guard['schema']} {guard['name']}", *without(guard["schema"], guard["statement"], guard["tests"]))
    elif asked.what == "listed":
        for guard in code_guards(""):
            if (found := times(ROOT, guard)) != 1:
                report.tell(guard["name"], False, f"{guard['file']} holds this guard {found} times", "")
    else:
        tree = copy_of_last_commit()
        for guard in code_guards(asked.name):
            report.tell(guard["name"], *edited(tree, guard))
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
