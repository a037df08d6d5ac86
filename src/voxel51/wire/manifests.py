"""What a manifest of an analytic must look like: every problem found at once, each naming the field."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], str | None]
"""Says what is wrong with a value; None when nothing is."""

LONGEST_TEXT = 10_000
_LONGEST_NAME = 64
_MOST_ENTRIES = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*")
_TYPE = re.compile(r"types\.[A-Z][A-Za-z0-9]*")
_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "types.Boolean": lambda value: isinstance(value, bool),
    "types.String": lambda value: isinstance(value, str),
    "types.Array": lambda value: isinstance(value, list),
    "types.Number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "types.Float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "types.Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
}


def problems_of(document: Any) -> list[str]:
    """Everything that keeps ``document`` from being the manifest of an analytic; nothing when it is one."""
    problems = _of_object("", document, _DOCUMENT, optional={"extensions": _object})
    if problems:
        return problems
    return [
        *_of_object("info.", document["info"], _INFO),
        *_of_entries("inputs", document["inputs"], _INPUT),
        *_of_entries("parameters", document["parameters"], _PARAMETER, optional={"default": _anything}),
        *_of_entries("outputs", document["outputs"], _OUTPUT),
    ] or _of_the_whole(document)


def problems_of_heading(document: Any) -> list[str]:
    """The same for an image-to-video analytic, whose manifest has ``info`` alone; the platform supplies the rest."""
    problems = _of_object("", document, {"info": _object})
    return problems or _of_object("info.", document["info"], _INFO) or _of_modes(document)


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be text"
    if not value.strip():
        return "must not be empty"
    return f"must have {LONGEST_TEXT} characters at most" if len(value) > LONGEST_TEXT else None


def _matching(pattern: re.Pattern[str], rule: str) -> Check:
    def check(value: Any) -> str | None:
        wrong = _text(value)
        if wrong is None and not (len(value) <= _LONGEST_NAME and pattern.fullmatch(value)):
            wrong = f"must be {rule}, not {value[:80]!r}"
        return wrong

    return check


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _object(value: Any) -> str | None:
    return None if isinstance(value, dict) else "must be an object"


def _list(value: Any) -> str | None:
    if not isinstance(value, list):
        return "must be a list"
    return f"must have {_MOST_ENTRIES} entries at most" if len(value) > _MOST_ENTRIES else None


def _object_or_null(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict) else "must be an object or null"


def _anything(_value: Any) -> None:
    return None


_name = _matching(_NAME, f"1 to {_LONGEST_NAME} letters, digits, '.', '_', '-', a letter or digit first")
_version = _matching(_VERSION, f"1 to {_LONGEST_NAME} letters, digits, '.', '+', '_', '-', a letter or digit first")
_type = _matching(_TYPE, "the name of a type, such as 'types.Video'")

_DOCUMENT: Mapping[str, Check] = {
    "info": _object,
    "inputs": _list,
    "parameters": _list,
    "outputs": _list,
    "zip_outputs": _flag,
}
_INFO: Mapping[str, Check] = {
    "name": _name,
    "version": _version,
    "description": _text,
    "supports_cpu": _flag,
    "supports_gpu": _flag,
}
_INPUT: Mapping[str, Check] = {"name": _name, "type": _type, "description": _text, "required": _flag}
_PARAMETER: Mapping[str, Check] = {**_INPUT, "placeholder": _text}
_OUTPUT: Mapping[str, Check] = {
    "name": _name,
    "type": _type,
    "description": _text,
    "filename": _name,
    "post_as_data": _flag,
    "schema": _object_or_null,
}


def _of_object(
    path: str, value: Any, fields: Mapping[str, Check], optional: Mapping[str, Check] | None = None
) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path.rstrip('.') or 'the document'} must be an object"]
    known = {**fields, **(optional or {})}
    problems = [f"{path}{name} is missing" for name in fields if name not in value]
    problems += [f"{path}{str(name)[:80]} is not known here" for name in value if name not in known]
    for name, check in known.items():
        wrong = check(value[name]) if name in value else None
        if wrong is not None:
            problems.append(f"{path}{name} {wrong}")
    return problems


def _of_entries(
    path: str, entries: list[Any], fields: Mapping[str, Check], optional: Mapping[str, Check] | None = None
) -> list[str]:
    problems = []
    for index, entry in enumerate(entries):
        problems += _of_object(f"{path}[{index}].", entry, fields, optional)
    names = [entry["name"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return problems + [f"{path}: the name {name[:80]!r} is there more than once" for name in twice]


def _of_the_whole(document: Mapping[str, Any]) -> list[str]:
    problems = _of_modes(document)
    for index, parameter in enumerate(document["parameters"]):
        fits = _KINDS.get(parameter["type"])
        if fits and parameter.get("default") is not None and not fits(parameter["default"]):
            problems.append(f"parameters[{index}].default must be a {parameter['type']}")
    both = {entry["name"] for entry in document["inputs"]} & {entry["name"] for entry in document["parameters"]}
    problems += [f"parameters: the name {name!r} is that of an input" for name in sorted(both)]
    files = [output for output in document["outputs"] if not output["post_as_data"]]
    if len(files) > 1 and not document["zip_outputs"]:
        problems.append("outputs: only one may have post_as_data false unless zip_outputs is true")
    return problems


def _of_modes(document: Mapping[str, Any]) -> list[str]:
    info = document["info"]
    runs = info["supports_cpu"] or info["supports_gpu"]
    return [] if runs else ["info: one of supports_cpu and supports_gpu must be true"]
