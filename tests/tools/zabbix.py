# SPDX-License-Identifier: MIT
#
# zabbix.py TEMPLATE form      what is wrong with the template's form: nothing is printed if nothing is
# zabbix.py TEMPLATE values    the value of each dependent item, of the master's value on stdin:
#                              KEY, a tab, and the value; "discarded"; or "unsupported" with a reason
#
# A JSONPath of the template is $.KEY.KEY, a filter [?(@.KEY == "VALUE" || ...)], .KEY after it, and
# .length(): the part of Zabbix's own that is used, and no more.
import json
import re
import sys

import yaml


class Unsupported(Exception):
    pass


def json_path(path, text):
    try:
        at = json.loads(text)
    except ValueError:
        raise Unsupported("not JSON") from None
    rest, is_list = path[1:], False
    while rest:
        if step := re.match(r"\.length\(\)$", rest):
            return str(len(at))
        if step := re.match(r"\.([a-z_]+)", rest):
            key = step.group(1)
            if is_list:
                at = [one[key] for one in at if key in one]
            elif not isinstance(at, dict) or key not in at:
                raise Unsupported(f"no {key}")
            else:
                at = at[key]
        elif step := re.match(r"\[\?\((.*?)\)\]", rest):
            if not isinstance(at, list):
                raise Unsupported("not an array")
            wanted = []
            for part in step.group(1).split(" || "):
                terms = re.fullmatch(r'@\.([a-z_]+) == "([^"]*)"', part)
                if not terms:
                    raise SystemExit(f"not known here: {part}")
                wanted.append(terms.groups())
            at = [one for one in at if any(one[k] == v for k, v in wanted)]
            is_list = True
        else:
            raise SystemExit(f"not known here: {rest}")
        rest = rest[step.end():]
    if is_list and not at:
        raise Unsupported("no match")
    return at if isinstance(at, str) else json.dumps(at)


def number(text):
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?", text):
        raise Unsupported(f"not a number: {text}")
    return float(text)


def step_apply(kind, parameters, value):
    if kind == "JSONPATH":
        return json_path(parameters[0], value)
    if kind == "MULTIPLIER":
        return "%.9f" % (number(value) * float(parameters[0]))
    if kind == "IN_RANGE":
        if not float(parameters[0]) <= number(value) <= float(parameters[1]):
            raise Unsupported(f"out of range: {value}")
        return value
    if kind == "BOOL_TO_DECIMAL":
        if value not in ("true", "false"):
            raise Unsupported(f"not a boolean: {value}")
        return "1" if value == "true" else "0"
    if kind == "DISCARD_UNCHANGED_HEARTBEAT":
        return value
    raise SystemExit(f"not known here: {kind}")


def item_value(item, value):
    for step in item["preprocessing"]:
        try:
            value = step_apply(step["type"], step.get("parameters", []), value)
        except Unsupported as why:
            handler = step.get("error_handler")
            if handler == "DISCARD_VALUE":
                return "discarded"
            if handler != "CUSTOM_VALUE":
                return f"unsupported: {why}"
            value = step["error_handler_params"]
    kind = item.get("value_type", "UNSIGNED")
    if kind == "UNSIGNED" and not re.fullmatch(r"[0-9]+", value):
        return f"unsupported: not a whole number: {value}"
    if kind == "FLOAT" and not re.fullmatch(r"-?[0-9.]+", value):
        return f"unsupported: not a number: {value}"
    return value


def uuids(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "uuid":
                yield value
            else:
                yield from uuids(value)
    elif isinstance(node, list):
        for value in node:
            yield from uuids(value)


def form(export):
    template = export["templates"][0]
    items = {item["key"]: item for item in template["items"]}
    known = {macro["macro"] for macro in template["macros"]}
    maps = {valuemap["name"] for valuemap in template["valuemaps"]}
    all_uuids = list(uuids(export))
    if export["version"] != "6.0" or "groups" not in export:
        yield "it is not an export of Zabbix 6.0"
    if len(set(all_uuids)) != len(all_uuids):
        yield "a uuid is there twice"
    for one in all_uuids:
        if not re.fullmatch("[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", one):
            yield f"{one} is no uuid of version 4"
    for group in template["groups"]:
        if group["name"] not in {one["name"] for one in export["groups"]}:
            yield f"unknown group {group['name']}"
    for macro in set(re.findall(r"\{\$[A-Z.]+\}", json.dumps(template))) - known:
        yield f"unknown macro {macro}"
    for key, item in items.items():
        if item.get("type") == "DEPENDENT":
            if item["master_item"]["key"] not in items:
                yield f"{key}: unknown master item"
            if item["preprocessing"][0]["type"] != "JSONPATH":
                yield f"{key}: does not begin with a JSONPath"
        if item.get("valuemap", {}).get("name", next(iter(maps))) not in maps:
            yield f"{key}: unknown value map"
        for trigger in item.get("triggers", []):
            of = re.findall(r"\(/([^/]+)/([a-z.]+)", trigger["expression"])
            if not of or any(t != template["template"] or k not in items for t, k in of):
                yield f"{key}: a trigger on another item: {trigger['expression']}"
    if len(items) != len(template["items"]):
        yield "a key is there twice"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        export = yaml.safe_load(file)["zabbix_export"]
    if sys.argv[2] == "form":
        for problem in form(export):
            print(problem)
        return
    value = sys.stdin.read().rstrip("\n")
    for item in export["templates"][0]["items"]:
        if item.get("type") == "DEPENDENT":
            print(item["key"], item_value(item, value), sep="\t")


main()
