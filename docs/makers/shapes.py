"""Shapes of JSON in words: the type of a field, and a table of the fields of an object."""

from collections.abc import Mapping
from typing import Any

from makers.markdown import code, plain, sentence, table

Schema = Mapping[str, Any]
_WORDS = {"string": "text", "object": "object", "array": "list", "integer": "whole number", "number": "number",
          "boolean": "true or false", "null": "null"}  # fmt: skip


def type_of(schema: Schema, page: str = "") -> str:
    """What ``schema`` asks for, in words; an object that has a name is a link to it on ``page``."""
    if "$ref" in schema:
        name = name_of(schema)
        return f"[{name}]({page}#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(each, page) for each in schema["anyOf"]))
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return " or ".join(map(code, values)) or _plain_type(schema, page)


def _plain_type(schema: Schema, page: str) -> str:
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(_WORDS[each] for each in kind)
    inner = schema.get("items") if kind == "array" else schema.get("additionalProperties")
    if isinstance(inner, Mapping) and inner:
        return f"{_WORDS[kind]} of {type_of(inner, page)}"
    is_file = schema.get("format") == "binary" or "contentMediaType" in schema
    return "a file" if is_file else _WORDS.get(kind, kind) + _range(schema)


def name_of(reference: Schema) -> str:
    """The name of the shape that is referred to."""
    return str(reference["$ref"]).rpartition("/")[2]


def section(name: str, schema: Schema, page: str = "") -> list[str]:
    """A shape: its name as a heading, what it is, its fields."""
    lines = [f"## {name}", ""]
    if schema.get("description"):
        lines += [sentence(schema["description"]), ""]
    if "properties" not in schema:
        return [*lines, f"It is {type_of(schema, page)}.", ""]
    return [*lines, *fields(schema, page)]


def fields(schema: Schema, page: str = "") -> list[str]:
    """The table of the fields of an object."""
    required = set(schema.get("required", ()))
    rows = [
        (code(name), type_of(field, page), "yes" if name in required else "no", plain(field.get("description", "")))
        for name, field in schema["properties"].items()
    ]
    if not any(row[-1] for row in rows):
        return table(("field", "type", "always there"), [row[:-1] for row in rows])
    return table(("field", "type", "needed", "meaning"), rows)


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return ""
    return f", {low} or more" if high is None else f", {high} at most" if low is None else f", {low} to {high}"
