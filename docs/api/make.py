"""Makes the pages of docs/api from the contracts.

    python docs/api/make.py --buf buf           writes them
    python docs/api/make.py --buf buf --check   says whether they are current

A page a package: its calls with who may make them, its messages with the rules
of their fields, its enums. The words are the comments of the .proto files.
"""

import argparse
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ORDER = ["members", "payments", "wallet", "orders", "refunds", "notifications", "oversight"]
HEAD = "<!-- Made from the contracts by docs/api/make.py: change proto/ and run it again. -->\n\n"


def image(buf):
    text = subprocess.run([buf, "build", "-o", "-#format=json"], cwd=ROOT, check=True, capture_output=True).stdout
    return [f for f in json.loads(text)["file"] if f["package"].startswith("studio.")]


class File:
    """One .proto file with its comments by path, as the descriptor gives them."""

    def __init__(self, descriptor):
        self.it = descriptor
        self.comments = {
            tuple(location.get("path", [])): location["leadingComments"]
            for location in descriptor.get("sourceCodeInfo", {}).get("location", [])
            if "leadingComments" in location
        }

    def comment(self, *path):
        lines = [line.removeprefix(" ").rstrip() for line in self.comments.get(path, "").strip("\n").split("\n")]
        return "\n".join(lines).strip()


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def short(name):
    return name.rsplit(".", 1)[-1]


def link(type_name, package):
    name = type_name.lstrip(".")
    target, own = name.rsplit(".", 1)[0], name.rsplit(".", 1)[-1]
    if not name.startswith("studio."):
        return f"`{name}`"
    while target.count(".") > 2:  # a message inside another stands on the same page
        target = target.rsplit(".", 1)[0]
    page = "" if target == package else page_name(target)
    return f"[{own}]({page}#{own.lower()})"


def page_name(package):
    return package.removeprefix("studio.").removesuffix(".v1") + ".md"


def plain(value):
    return value.split("_", 1)[1].lower() if "_" in value else value


def rule(options):
    it = options.get("[studio.access.v1.rule]", {})
    words = []
    if it.get("roles"):
        words.append("**Roles** " + ", ".join(f"`{plain(r)}`" for r in it["roles"]))
    if it.get("services"):
        words.append("**Services** " + ", ".join(f"`{s}`" for s in it["services"]))
    words.append("**Reach** " + plain(it.get("reach", "REACH_UNSPECIFIED")))
    for flag, meaning in (
        ("writes", "writes"),
        ("personMustAct", "a person must act"),
        ("fourEyes", "four eyes"),
        ("personalData", "shows personal data, audited"),
    ):
        if it.get(flag):
            words.append(f"**{meaning}**")
    if it.get("callClass"):
        words.append("**Class** " + it["callClass"].removeprefix("CALL_CLASS_").lower())
    return " · ".join(words)


def constraints(value, path=""):
    out = []
    for key, inner in value.items():
        where = f"{path}.{key}" if path else key
        if isinstance(inner, dict):
            out += constraints(inner, where)
        else:
            shown = json.dumps(inner, ensure_ascii=False)
            out.append(where if inner is True else f"{where} = {shown}")
    return out


def type_of(field, package, maps):
    if short(field.get("typeName", "")) in maps:
        key, value = (type_of(f, package, {}) for f in maps[short(field["typeName"])])
        return f"map of {key} to {value}"
    name = field.get("typeName")
    text = link(name, package) if name else f"`{field['type'].removeprefix('TYPE_').lower()}`"
    return f"list of {text}" if field.get("label") == "LABEL_REPEATED" else text


def messages(file, package):
    out = []

    def one(message, path, outer):
        name = message["name"]
        if message.get("options", {}).get("mapEntry"):
            return
        out.append(f"### {name}\n\n{file.comment(*path)}\n")
        fields = message.get("field", [])
        nested = message.get("nestedType", [])
        maps = {m["name"]: m["field"] for m in nested if m.get("options", {}).get("mapEntry")}
        if fields:
            out.append("| # | field | type | rules | meaning |\n|---|---|---|---|---|")
        for i, field in enumerate(fields):
            rules = ", ".join(f"`{c}`" for c in constraints(field.get("options", {}).get("[buf.validate.field]", {})))
            oneof = ""
            if "oneofIndex" in field and not field.get("proto3Optional"):
                oneof = f"one of `{message['oneofDecl'][field['oneofIndex']]['name']}`. "
            meaning = oneof + cell(file.comment(*path, 2, i))
            number = field["number"]
            out.append(f"| {number} | `{field['name']}` | {type_of(field, package, maps)} | {cell(rules)} | {meaning} |")
        out.append("")
        for i, inner in enumerate(nested):
            one(inner, (*path, 3, i), name)
        for i, inner in enumerate(message.get("enumType", [])):
            out.extend(enum(file, inner, (*path, 4, i)))

    for i, message in enumerate(file.it.get("messageType", [])):
        one(message, (4, i), None)
    return out


def enum(file, it, path):
    out = [f"### {it['name']}\n\n{file.comment(*path)}\n", "| # | value | meaning |\n|---|---|---|"]
    for i, value in enumerate(it["value"]):
        out.append(f"| {value.get('number', 0)} | `{value['name']}` | {cell(file.comment(*path, 2, i))} |")
    return [*out, ""]


def services(file, package):
    out = []
    for s, service in enumerate(file.it.get("service", [])):
        out.append(f"## {service['name']}\n\n{file.comment(6, s)}\n")
        for m, method in enumerate(service["method"]):
            stream = "stream of " if method.get("serverStreaming") else ""
            asks, answers = link(method["inputType"], package), link(method["outputType"], package)
            out.append(f"### {method['name']}\n\n{asks} → {stream}{answers}\n\n{rule(method.get('options', {}))}\n")
            out.append(file.comment(6, s, 2, m) + "\n")
    return out


def page(package, files):
    out = [f"{HEAD}# {package}\n"]
    for file in files:
        out += services(file, package)
    out.append("## Messages\n")
    for file in files:
        out += messages(file, package)
    enums = [line for file in files for i, it in enumerate(file.it.get("enumType", [])) for line in enum(file, it, (5, i))]
    if enums:
        out += ["## Enums\n", *enums]
    return "\n".join(out).rstrip() + "\n"


def pages(files):
    packages = {}
    for descriptor in sorted(files, key=lambda f: f["name"]):
        packages.setdefault(descriptor["package"], []).append(File(descriptor))
    made = {page_name(package): page(package, own) for package, own in packages.items()}

    def place(name):
        stem = name.removesuffix(".md")
        return (ORDER.index(stem) if stem in ORDER else len(ORDER), stem)

    index = [f"{HEAD}# The contracts\n", "| package | services | calls |\n|---|---|---|"]
    for name in sorted(made, key=place):
        package = f"studio.{name.removesuffix('.md')}.v1"
        own = [s for file in packages[package] for s in file.it.get("service", [])]
        listed = ", ".join(f"[{s['name']}]({name}#{s['name'].lower()})" for s in own) or "–"
        index.append(f"| [{package}]({name}) | {listed} | {sum(len(s['method']) for s in own)} |")
    return {"README.md": "\n".join(index) + "\n", **made}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--buf", default="buf")
    arguments.add_argument("--check", action="store_true")
    chosen = arguments.parse_args()
    made = pages(image(chosen.buf))
    stale = {p.name for p in HERE.glob("*.md")} - made.keys()
    if not chosen.check:
        for name in stale:
            (HERE / name).unlink()
        for name, text in made.items():
            (HERE / name).write_text(text, encoding="utf-8")
        return 0
    old = [n for n, text in made.items() if not (HERE / n).exists() or (HERE / n).read_text(encoding="utf-8") != text]
    for name in [*old, *stale]:
        print(f"docs/api/{name} is not what the contracts say; run python docs/api/make.py")
    return 1 if old or stale else 0


sys.exit(main())
