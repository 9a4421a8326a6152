#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# schema.py LIST: each line of LIST names a schema of packaging/schema, a file and a test, with
# tabs between.  Each line of the file must be an object that the schema allows; a key that the
# schema does not name is an error, so that every key is described.  Prints "ok" or "not_ok",
# the test and the error, with tabs between.
#
# schema.py --keys: what the schemas promise, one per line: each key with its type, and each value of
# an enumeration.
import json
import pathlib
import sys

import jsonschema

try:
    import referencing
except ImportError:  # jsonschema before 4.18
    referencing = None

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "schema"


def strict(node):
    if isinstance(node, dict):
        if "properties" in node and "type" in node:
            node.setdefault("additionalProperties", False)
        for value in node.values():
            strict(value)
    elif isinstance(node, list):
        for value in node:
            strict(value)
    return node


def load(name):
    return strict(json.loads((FOLDER / name).read_text()))


def validator(name):
    schema = load(name + ".json")
    others = [load(p.name) for p in FOLDER.glob("*.json")]
    jsonschema.Draft202012Validator.check_schema(schema)
    if referencing:
        known = [referencing.Resource.from_contents(other) for other in others]
        return jsonschema.Draft202012Validator(schema, registry=known @ referencing.Registry())
    store = {other["$id"]: other for other in others}
    resolver = jsonschema.RefResolver(schema["$id"], schema, store=store)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def type_of(node):
    if "$ref" in node:
        return node["$ref"]
    kind = node.get("type", "value")
    return kind if isinstance(kind, str) else "|".join(kind)


def keys(node, path):
    for value in node.get("enum", [node["const"]] if "const" in node else []):
        yield f"{path} = {json.dumps(value)}"
    for name, value in node.get("properties", {}).items():
        yield f"{path}.{name} {type_of(value)}"
        yield from keys(value, f"{path}.{name}")
    for name, value in node.get("$defs", {}).items():
        yield f"{path}#{name} {type_of(value)}"
        yield from keys(value, f"{path}#{name}")
    for inner in ("items", "additionalProperties"):
        if isinstance(node.get(inner), dict):
            yield f"{path}[] {type_of(node[inner])}"
            yield from keys(node[inner], f"{path}[]")
    for part in node.get("oneOf", []):
        if "$ref" in part:
            yield f"{path} {part['$ref']}"
        yield from keys(part, path)


def print_keys():
    for file in sorted(FOLDER.glob("*.json")):
        schema = json.loads(file.read_text())
        assert schema["$id"] == f"https://reqtime.example/schema/1/{file.name}", file
        assert "Later ones may add keys" in schema["description"], file
        assert '"additionalProperties": false' not in file.read_text(), file
        print("\n".join(sorted(set(keys(schema, file.stem)))))


def no_doubles(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), "a key twice in " + str(keys)
    return dict(pairs)


def complaints(check, name):
    count = 0
    for line in open(name, encoding="ascii"):
        count += 1
        try:
            check.validate(json.loads(line, object_pairs_hook=no_doubles))
        except (ValueError, AssertionError, jsonschema.ValidationError) as error:
            text = getattr(error, "message", str(error))
            for part in getattr(error, "context", None) or []:
                text += "; " + part.message
            yield text[:1000] + " in " + line[:200].strip()
    if count == 0:
        yield "nothing was printed"


def main():
    if sys.argv[1] == "--keys":
        print_keys()
        return
    checks = {}
    for row in open(sys.argv[1], encoding="utf-8"):
        schema, name, title = row.rstrip("\n").split("\t")
        if schema not in checks:
            checks[schema] = validator(schema)
        wrong = list(complaints(checks[schema], name))
        print("ok" if not wrong else "not_ok", title, wrong[0] if wrong else "", sep="\t")


main()
