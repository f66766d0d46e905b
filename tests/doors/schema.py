"""As much of JSON Schema (draft 2020-12) as the schema of the device link uses."""

from __future__ import annotations

import re
from typing import Any

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "number": (int, float),
    "integer": int,
}
KNOWN = {
    "$ref", "additionalProperties", "anyOf", "const", "description", "enum", "items", "maxLength",
    "maximum", "minLength", "minimum", "oneOf", "pattern", "properties", "required", "type",
}  # fmt: skip


def fits(value: Any, about: dict[str, Any], definitions: dict[str, Any]) -> bool:
    """Whether a value is what a schema says. A keyword that this does not know fails."""
    assert about.keys() <= KNOWN, about.keys() - KNOWN
    if "$ref" in about:
        return fits(value, definitions[about["$ref"].removeprefix("#/$defs/")], definitions)
    for keyword, most in (("oneOf", 1), ("anyOf", len(about.get("anyOf", ())))):
        if keyword in about:
            return 1 <= sum(fits(value, each, definitions) for each in about[keyword]) <= most
    return _is_plain(value, about) and _has_parts(value, about, definitions)


def _is_plain(value: Any, about: dict[str, Any]) -> bool:
    kind = about.get("type", "")
    if kind and (not isinstance(value, TYPES[kind]) or (kind != "boolean" and value is True)):
        return False
    if "const" in about and value != about["const"]:
        return False
    if "enum" in about and value not in about["enum"]:
        return False
    if isinstance(value, str):
        long = about.get("minLength", 0) <= len(value) <= about.get("maxLength", len(value))
        return long and re.search(about.get("pattern", ""), value) is not None
    if isinstance(value, int | float):
        return bool(about.get("minimum", value) <= value <= about.get("maximum", value))
    return True


def _has_parts(value: Any, about: dict[str, Any], definitions: dict[str, Any]) -> bool:
    if isinstance(value, list):
        return all(fits(each, about["items"], definitions) for each in value)
    if not isinstance(value, dict):
        return True
    fields = about["properties"]
    known = value.keys() <= fields.keys() and about["additionalProperties"] is False
    complete = set(about.get("required", ())) <= value.keys()
    return known and complete and all(fits(v, fields[k], definitions) for k, v in value.items())
