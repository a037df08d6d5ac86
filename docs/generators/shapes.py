"""Descriptions of JSON shapes: types in words, and tables of the fields of objects."""

from collections.abc import Mapping
from typing import Any

from generators.markdown import code, plain, sentence, table

Schema = Mapping[str, Any]
_WORDS = {"string": "string", "object": "object", "array": "list", "integer": "integer", "number": "number",
          "boolean": "boolean", "null": "null"}  # fmt: skip


def type_of(schema: Schema, page: str = "") -> str:
    """Describe the type of ``schema``. Named objects are links to their section on ``page``."""
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
    """Return the name of the referenced shape."""
    return str(reference["$ref"]).rpartition("/")[2]


def section(name: str, schema: Schema, page: str = "") -> list[str]:
    """Return the lines of a shape's section: heading, description and fields."""
    lines = [f"## {name}", ""]
    if schema.get("description"):
        lines += [sentence(schema["description"]), ""]
    if "properties" not in schema:
        return [*lines, f"Type: {type_of(schema, page)}.", ""]
    return [*lines, *fields(schema, page)]


def fields(schema: Schema, page: str = "") -> list[str]:
    """Return the table of an object's fields."""
    required = set(schema.get("required", ()))
    rows = [
        (code(name), type_of(field, page), "yes" if name in required else "no", plain(field.get("description", "")))
        for name, field in schema["properties"].items()
    ]
    if not any(row[-1] for row in rows):
        return table(("field", "type", "required"), [row[:-1] for row in rows])
    return table(("field", "type", "required", "description"), rows)


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return ""
    return f", at least {low}" if high is None else f", at most {high}" if low is None else f", {low} to {high}"
