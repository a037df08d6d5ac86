"""What is wrong with an analytic document, each with the place where it is.

Nothing is converted: text that looks like a number is no number, and what is empty or unknown is said, not dropped.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

MOST_TOLD = 20
"""How many problems one answer tells; the rest are counted."""

LONGEST_NAME = 64
LONGEST_VERSION = 64
LONGEST_TEXT = 10_000
LONGEST_FILENAME_BYTES = 200
MOST_ENTRIES = 200

Problems = Iterator[str]
Rule = Callable[[str, Any], Problems]
"""Yields what is wrong with a value at a path."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]*")
_TYPE = re.compile(r"types\.[A-Z][A-Za-z0-9]*")
_UNFIT_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def problems_of(document: Any) -> list[str]:
    """``<path>: <what is wrong>`` for each problem, at most `MOST_TOLD` and how many more; empty when it will do."""
    return _bounded(_document("", document))


def problems_of_heading(document: Any) -> list[str]:
    """The same for an image-to-video analytic, whose manifest has ``info`` alone; the platform supplies the rest."""
    return _bounded(_object({"info": _info}, {})("", document))


def _bounded(found: Problems) -> list[str]:
    problems = list(found)
    more = len(problems) - MOST_TOLD
    return problems if more <= 0 else [*problems[:MOST_TOLD], f"and {more} more"]


def _text(longest: int = LONGEST_TEXT) -> Rule:
    def rule(path: str, value: Any) -> Problems:
        if not isinstance(value, str):
            yield _expected(path, "text", value)
        elif not value.strip():
            yield f"{path}: must not be empty"
        elif len(value) > longest:
            yield f"{path}: has {len(value)} characters, at most {longest} will do"
        elif _UNFIT_IN_TEXT.search(value):
            yield f"{path}: holds control characters or halves of characters"

    return rule


def _name(path: str, value: Any) -> Problems:
    """A name becomes a part of paths and of what people type."""
    problems = list(_text(LONGEST_NAME)(path, value))
    yield from problems
    if not problems and not _NAME.fullmatch(value):
        yield f"{path}: {_shown(value)} is no name; take letters, digits, '.', '_' and '-', a letter or digit first"


def _version(path: str, value: Any) -> Problems:
    problems = list(_text(LONGEST_VERSION)(path, value))
    yield from problems
    if not problems and not _VERSION.fullmatch(value):
        yield f"{path}: {_shown(value)} is no version; take letters, digits, '.', '+', '_' and '-', such as '1.0.2'"


def _type(path: str, value: Any) -> Problems:
    problems = list(_text(LONGEST_NAME)(path, value))
    yield from problems
    if not problems and not _TYPE.fullmatch(value):
        yield f"{path}: {_shown(value)} is no type; take a class of the label library, such as 'types.Video'"


def _filename(path: str, value: Any) -> Problems:
    problems = list(_text()(path, value))
    yield from problems
    if problems:
        return
    unsafe = not value.isprintable() or "/" in value or "\\" in value or value.startswith(".")
    if unsafe or value != value.strip() or len(value.encode()) > LONGEST_FILENAME_BYTES:
        yield f"{path}: {_shown(value)} is no safe file name; take one such as 'labels.json', without a folder"


def _flag(path: str, value: Any) -> Problems:
    if not isinstance(value, bool):
        yield _expected(path, "true or false", value)


def _number(path: str, value: Any) -> Problems:
    if not is_number(value):
        yield _expected(path, "a number", value)


def _anything(_path: str, _value: Any) -> Problems:
    yield from ()


def _schema(path: str, value: Any) -> Problems:
    if not isinstance(value, dict | None):
        yield _expected(path, "an object or null", value)


def _object(required: Mapping[str, Rule], optional: Mapping[str, Rule]) -> Rule:
    """An object of exactly these keys."""
    known = {**required, **optional}

    def rule(path: str, value: Any) -> Problems:
        if not isinstance(value, dict):
            yield _expected(path or "the document", "an object", value)
            return
        for key in required:
            if key not in value:
                yield f"{_below(path, key)}: is missing"
        for key, child in value.items():
            if key in known:
                yield from known[key](_below(path, key), child)
            else:
                yield f"{_below(path, _shown(key)[1:-1])}: is unknown; known here: {', '.join(known)}"

    return rule


def _list(entry: Rule, unique: Sequence[str] = ()) -> Rule:
    """A list of such entries; of two, none has the same value under a key of ``unique``."""

    def rule(path: str, value: Any) -> Problems:
        if not isinstance(value, list):
            yield _expected(path, "a list", value)
            return
        if len(value) > MOST_ENTRIES:
            yield f"{path}: has {len(value)} entries, at most {MOST_ENTRIES} will do"
            return
        for index, child in enumerate(value):
            yield from entry(f"{path}[{index}]", child)
        for key in unique:
            yield from _repeated(path, key, value)

    return rule


def _repeated(path: str, key: str, entries: Sequence[Any]) -> Problems:
    first: dict[str, int] = {}
    for index, entry in enumerate(entries):
        text = entry.get(key) if isinstance(entry, dict) else None
        if isinstance(text, str) and first.setdefault(text, index) != index:
            yield f"{path}[{index}].{key}: {_shown(text)} is that of {path}[{first[text]}] already"


def _info(path: str, value: Any) -> Problems:
    yield from _object(
        {"name": _name, "version": _version, "description": _text(), "supports_cpu": _flag, "supports_gpu": _flag}, {}
    )(path, value)
    if isinstance(value, dict) and value.get("supports_cpu") is False and value.get("supports_gpu") is False:
        yield f"{path}: supports_cpu or supports_gpu must be true, or nothing can run it"


def _parameter(path: str, value: Any) -> Problems:
    texts = {"name": _name, "type": _type, "description": _text(), "placeholder": _text()}
    yield from _object({**texts, "required": _flag}, {"default": _anything})(path, value)
    if isinstance(value, dict) and value.get("default") is not None and isinstance(value.get("type"), str):
        fits = _DEFAULTS.get(value["type"])
        if fits is not None and not fits(value["default"]):
            yield f"{path}.default: {_shown(value['default'])} is no {value['type']}"


def _extensions(path: str, value: Any) -> Problems:
    bounds = {"minimum": _number, "maximum": _number, "choices": _list(_anything)}
    texts = {"source": _text(), "licence": _text(), "limitations": _list(_text())}
    yield from _object({}, {**texts, "parameters": _each(_object({}, bounds))})(path, value)


def _each(rule: Rule) -> Rule:
    """An object of any keys whose values are all such."""

    def of_all(path: str, value: Any) -> Problems:
        if not isinstance(value, dict):
            yield _expected(path, "an object", value)
            return
        for key, child in value.items():
            yield from rule(_below(path, _shown(key)[1:-1]), child)

    return of_all


_ENTRY: Mapping[str, Rule] = {"name": _name, "type": _type, "description": _text()}
_INPUT = _object({**_ENTRY, "required": _flag}, {})
_OUTPUT = _object({**_ENTRY, "filename": _filename, "post_as_data": _flag, "schema": _schema}, {})
_PARTS = _object(
    {
        "info": _info,
        "inputs": _list(_INPUT, unique=["name"]),
        "parameters": _list(_parameter, unique=["name"]),
        "outputs": _list(_OUTPUT, unique=["name", "filename"]),
        "zip_outputs": _flag,
    },
    {"extensions": _extensions},
)


def _document(path: str, value: Any) -> Problems:
    problems = list(_PARTS(path, value))
    yield from problems
    if not problems:  # every part has its shape: now how they go together
        yield from _too_many_outputs(value)
        yield from _ranges(value)
        yield from _names_of_both(value)


def _too_many_outputs(document: Mapping[str, Any]) -> Problems:
    kept = [output["name"] for output in document["outputs"] if not output["post_as_data"]]
    if len(kept) > 1 and not document["zip_outputs"]:
        names = _shown(", ".join(kept))
        yield f"outputs: a job keeps one file, not {len(kept)} ({names}); set zip_outputs, or post_as_data for others"


def _names_of_both(document: Mapping[str, Any]) -> Problems:
    inputs = {entry["name"] for entry in document["inputs"]}
    for index, parameter in enumerate(document["parameters"]):
        if parameter["name"] in inputs:
            yield f"parameters[{index}].name: {_shown(parameter['name'])} is that of an input"


def _ranges(document: Mapping[str, Any]) -> Problems:
    parameters = {parameter["name"]: parameter for parameter in document["parameters"]}
    for name, limits in document.get("extensions", {}).get("parameters", {}).items():
        path = f"extensions.parameters.{_shown(name)[1:-1]}"
        if name not in parameters:
            yield f"{path}: there is no such parameter"
            continue
        low, high = limits.get("minimum", float("-inf")), limits.get("maximum", float("inf"))
        if low > high:
            yield f"{path}: minimum {_shown(low)} is above maximum {_shown(high)}"
        default = parameters[name].get("default")
        if is_number(default) and not low <= default <= high:
            yield f"{path}: the default {_shown(default)} is not from {_shown(low)} to {_shown(high)}"


def is_number(value: Any) -> bool:
    """Whether ``value`` is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


_DEFAULTS: Mapping[str, Callable[[Any], bool]] = {
    "types.Number": is_number,
    "types.Float": is_number,
    "types.Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "types.Boolean": lambda value: isinstance(value, bool),
    "types.String": lambda value: isinstance(value, str),
    "types.Array": lambda value: isinstance(value, list),
    "types.Object": lambda value: isinstance(value, dict),
}
"""What a default must be, by the type of its parameter; other types take any."""


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _expected(path: str, what: str, value: Any) -> str:
    return f"{path}: must be {what}, not {_shown(value)}"


def _shown(value: Any) -> str:
    text = ascii(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:58]}…{text[-1]}"
