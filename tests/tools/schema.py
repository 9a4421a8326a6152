#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# schema.py LIST: each line of LIST names a schema of packaging/schema, a file and a test, with
# tabs between.  Each line of the file must be an object that the schema allows; a key that the
# schema does not name is an error, so that every key is described.  Prints "ok" or "not_ok",
# the test and the error, with tabs between.
import json
import pathlib
import sys

import jsonschema

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
    # A reference to another file is resolved from where the referring schema stands.
    base = FOLDER.as_uri() + "/"
    others = {base + p.name: load(p.name) for p in FOLDER.glob("*.json")}
    resolver = jsonschema.RefResolver(base + name + ".json", schema, store=others)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


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
    checks = {}
    for row in open(sys.argv[1], encoding="utf-8"):
        schema, name, title = row.rstrip("\n").split("\t")
        if schema not in checks:
            checks[schema] = validator(schema)
        wrong = list(complaints(checks[schema], name))
        print("ok" if not wrong else "not_ok", title, wrong[0] if wrong else "", sep="\t")


main()
