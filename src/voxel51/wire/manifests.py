"""Manifest validation: find the problems of an analytic document, each with the path of the field.

Nothing is converted: text that looks like a number is not a number, and empty or unknown fields are problems.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeGuard, cast

from voxel51.wire.analytics import AnalyticDocument, SplitKind
from voxel51.wire.network import MAX_HOSTS, HostPort

MAX_PROBLEMS = 20
"""The number of problems in one list; further ones are only counted."""

MAX_NAME_LENGTH = 64
MAX_VERSION_LENGTH = 64
MAX_TEXT_LENGTH = 10_000
MAX_FILENAME_BYTES = 200
MAX_ENTRIES = 200
MAX_CPUS = 1024
MAX_GPUS = 64
MAX_MEMORY_BYTES = 1 << 44
LEAST_SHARE = 1 / 64
"""The smallest part of a processor or GPU that an analytic can ask for."""

MAX_OVERLAP_SECONDS = 600.0
"""Longest overlap of the parts of a split job."""

_PATH = re.compile(r"[A-Za-z_]\w*(\.\w+|\[\d+\])*")

Problems = Iterator[str]
Rule = Callable[[str, object], Problems]
"""Function that yields the problems of a value at a path."""

_INVALID_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def problems_of(document: object) -> list[str]:
    """Return ``<path>: <problem>`` for each problem, at most `MAX_PROBLEMS` and the number of further ones."""
    return _bounded(_document("", document))


def field_of(problem: str) -> str | None:
    """Return the path of the field that a problem of `problems_of` begins with; None if it is of the whole document."""
    path, separator, _ = problem.partition(": ")
    return path if separator and _PATH.fullmatch(path) else None


def problems_of_heading(document: object) -> list[str]:
    """Return the problems of an image-to-video manifest, which has ``info`` only; the platform adds the rest."""
    return _bounded(_object({"info": _info}, {})("", document))


def _bounded(found: Problems) -> list[str]:
    problems = list(found)
    hidden = len(problems) - MAX_PROBLEMS
    return problems if hidden <= 0 else [*problems[:MAX_PROBLEMS], f"and {hidden} more"]


def _text(max_length: int = MAX_TEXT_LENGTH) -> Rule:
    def rule(path: str, value: object) -> Problems:
        if not isinstance(value, str):
            yield _expected(path, "text", value)
        elif not value.strip():
            yield f"{path}: must not be empty"
        elif len(value) > max_length:
            yield f"{path}: has {len(value)} characters; the maximum is {max_length}"
        elif _INVALID_CHARACTERS.search(value):
            yield f"{path}: contains control characters or surrogates"

    return rule


def _matching(pattern: re.Pattern[str], max_length: int, noun: str, advice: str) -> Rule:
    """Return the rule for text that matches ``pattern`` as a whole."""

    def rule(path: str, value: object) -> Problems:
        problems = list(_text(max_length)(path, value))
        yield from problems
        if not problems and not pattern.fullmatch(str(value)):
            yield f"{path}: {_shown(value)} is not a valid {noun}. {advice}"

    return rule


_name = _matching(  # becomes a part of paths and of commands
    re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"),
    MAX_NAME_LENGTH,
    "name",
    "Use letters, digits, '.', '_' and '-'; start with a letter or digit",
)
_version = _matching(
    re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]*"),
    MAX_VERSION_LENGTH,
    "version",
    "Use letters, digits, '.', '+', '_' and '-', such as '1.0.2'",
)
_secret_name = _matching(
    re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
    MAX_NAME_LENGTH,
    "name of a secret",
    "Use letters, digits and '_', such as 'hub_token'",
)
_type = _matching(
    re.compile(r"types\.[A-Z][A-Za-z0-9]*"),
    MAX_NAME_LENGTH,
    "type",
    "Use a class of the label library, such as 'types.Video'",
)


def _filename(path: str, value: object) -> Problems:
    problems = list(_text()(path, value))
    yield from problems
    if problems or not isinstance(value, str):
        return
    unsafe = not value.isprintable() or "/" in value or "\\" in value or value.startswith(".")
    if unsafe or value != value.strip() or len(value.encode()) > MAX_FILENAME_BYTES:
        yield f"{path}: {_shown(value)} is not a safe file name. Use a name such as 'labels.json', without a folder"


def _flag(path: str, value: object) -> Problems:
    if not isinstance(value, bool):
        yield _expected(path, "true or false", value)


def _number(path: str, value: object) -> Problems:
    if not is_number(value):
        yield _expected(path, "a number", value)


def _anything(_path: str, _value: object) -> Problems:
    yield from ()


def _schema(path: str, value: object) -> Problems:
    if not isinstance(value, dict | None):
        yield _expected(path, "an object or null", value)


def _object(required: Mapping[str, Rule], optional: Mapping[str, Rule]) -> Rule:
    """Return the rule for an object with exactly these keys."""
    known = {**required, **optional}

    def rule(path: str, value: object) -> Problems:
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
    """Return the rule for a list of such entries, whose values under the keys ``unique`` are all different."""

    def rule(path: str, value: object) -> Problems:
        if not isinstance(value, list):
            yield _expected(path, "a list", value)
            return
        if len(value) > MAX_ENTRIES:
            yield f"{path}: has {len(value)} entries; the maximum is {MAX_ENTRIES}"
            return
        for index, child in enumerate(value):
            yield from entry(f"{path}[{index}]", child)
        for key in unique:
            yield from _repeated(path, key, value)

    return rule


def _repeated(path: str, key: str, entries: Sequence[object]) -> Problems:
    first: dict[str, int] = {}
    for index, entry in enumerate(entries):
        text = entry.get(key) if isinstance(entry, dict) else None
        if isinstance(text, str) and first.setdefault(text, index) != index:
            yield f"{path}[{index}].{key}: {_shown(text)} is the value of {path}[{first[text]}] as well"


def _info(path: str, value: object) -> Problems:
    yield from _object(
        {"name": _name, "version": _version, "description": _text(), "supports_cpu": _flag, "supports_gpu": _flag}, {}
    )(path, value)
    if isinstance(value, dict) and value.get("supports_cpu") is False and value.get("supports_gpu") is False:
        yield f"{path}: supports_cpu or supports_gpu must be true, or the analytic cannot run"


def _parameter(path: str, value: object) -> Problems:
    texts = {"name": _name, "type": _type, "description": _text(), "placeholder": _text()}
    yield from _object({**texts, "required": _flag}, {"default": _anything})(path, value)
    if isinstance(value, dict) and value.get("default") is not None and isinstance(value.get("type"), str):
        is_valid = _DEFAULTS.get(value["type"])
        if is_valid is not None and not is_valid(value["default"]):
            yield f"{path}.default: {_shown(value['default'])} is not a {value['type']}"


def _extensions(path: str, value: object) -> Problems:
    bounds = {"minimum": _number, "maximum": _number, "choices": _list(_anything)}
    texts = {"source": _text(), "licence": _text(), "limitations": _list(_text())}
    model = _object({"name": _text(), "licence": _text()}, {"accuracy": _text()})
    flags = {"warm": _flag, "deterministic": _flag}
    split = _object({"kind": _split_kind, "overlap_seconds": _overlap}, {})
    further = {
        "model": model, "parameters": _each(_object({}, bounds)), "secrets": _secrets, "network": _network,
        "split": split, "resources": _RESOURCES,
    }  # fmt: skip
    yield from _object({}, {**texts, **flags, **further})(path, value)


def _between(least: float, most: float) -> Rule:
    def rule(path: str, value: object) -> Problems:
        if not is_number(value):
            yield _expected(path, "a number", value)
        elif not least <= value <= most:
            yield f"{path}: {_shown(value)} is not between {least:g} and {most:g}"

    return rule


def _memory_bytes(path: str, value: object) -> Problems:
    if not isinstance(value, int) or isinstance(value, bool):
        yield _expected(path, "a whole number", value)
    else:
        yield from _between(1 << 20, MAX_MEMORY_BYTES)(path, value)


_RESOURCES = _object(
    {},
    {
        "cpus": _between(LEAST_SHARE, MAX_CPUS),
        "gpus": _between(LEAST_SHARE, MAX_GPUS),
        "memory_bytes": _memory_bytes,
    },
)


def _split_kind(path: str, value: object) -> Problems:
    if value not in (*SplitKind,):
        yield _expected(path, f"one of {', '.join(SplitKind)}", value)


def _overlap(path: str, value: object) -> Problems:
    if not is_number(value) or not 0 <= value <= MAX_OVERLAP_SECONDS:
        yield _expected(path, f"a number of seconds from 0 to {MAX_OVERLAP_SECONDS:g}", value)


def _network(path: str, value: object) -> Problems:
    if isinstance(value, list) and len(value) > MAX_HOSTS:
        yield f"{path}: has {len(value)} hosts; the maximum is {MAX_HOSTS}"
        return
    yield from _list(_host)(path, value)
    hosts = value if isinstance(value, list) else []
    for index, host in enumerate(hosts):
        if (first := hosts.index(host)) != index:
            yield f"{path}[{index}]: {_shown(host)} is the value of {path}[{first}] as well"


def _host(path: str, value: object) -> Problems:
    if not isinstance(value, str):
        yield _expected(path, "text such as 'api.example.org:443'", value)
        return
    try:
        HostPort.parse(value)
    except ValueError as error:
        yield f"{path}: {_shown(value)} {error}"


def _secrets(path: str, value: object) -> Problems:
    yield from _each(_text())(path, value)
    for name in value if isinstance(value, dict) else ():
        yield from _secret_name(_below(path, _shown(name)[1:-1]), name)


def _each(rule: Rule) -> Rule:
    """Return the rule for an object with any keys, whose values all follow ``rule``."""

    def of_all(path: str, value: object) -> Problems:
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


def _document(path: str, value: object) -> Problems:
    problems = list(_PARTS(path, value))
    yield from problems
    if not problems:  # all parts are valid by themselves: check how they fit together
        document = cast("AnalyticDocument", value)
        yield from _too_many_outputs(document)
        yield from _ranges(document)
        yield from _shared_names(document)


def _too_many_outputs(document: AnalyticDocument) -> Problems:
    kept = [output["name"] for output in document["outputs"] if not output["post_as_data"]]
    if len(kept) > 1 and not document["zip_outputs"]:
        names = _shown(", ".join(kept))
        yield f"outputs: a job keeps one file, not {len(kept)} ({names}); set zip_outputs, or post_as_data for others"


def _shared_names(document: AnalyticDocument) -> Problems:
    inputs = {entry["name"] for entry in document["inputs"]}
    for index, parameter in enumerate(document["parameters"]):
        if parameter["name"] in inputs:
            yield f"parameters[{index}].name: {_shown(parameter['name'])} is the name of an input as well"


def _ranges(document: AnalyticDocument) -> Problems:
    parameters = {parameter["name"]: parameter for parameter in document["parameters"]}
    for name, limits in document.get("extensions", {}).get("parameters", {}).items():
        path = f"extensions.parameters.{_shown(name)[1:-1]}"
        if name not in parameters:
            yield f"{path}: parameter not found"
            continue
        low, high = limits.get("minimum", float("-inf")), limits.get("maximum", float("inf"))
        if low > high:
            yield f"{path}: minimum {_shown(low)} is above maximum {_shown(high)}"
        default = parameters[name].get("default")
        if is_number(default) and not low <= default <= high:
            yield f"{path}: the default {_shown(default)} is not from {_shown(low)} to {_shown(high)}"
        choices = limits.get("choices")
        chosen = default if isinstance(default, list) else [] if default is None else [default]
        if choices is not None and (wrong := [value for value in chosen if value not in choices]):
            yield f"{path}: the default {_shown(wrong[0])} is not one of {', '.join(map(_shown, choices[:20]))}"


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether ``value`` is a finite number, and not a boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


_DEFAULTS: Mapping[str, Callable[[object], bool]] = {
    "types.Number": is_number,
    "types.Float": is_number,
    "types.Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "types.Boolean": lambda value: isinstance(value, bool),
    "types.String": lambda value: isinstance(value, str),
    "types.Array": lambda value: isinstance(value, list),
    "types.Object": lambda value: isinstance(value, dict),
}
"""Checks of default values by the type of the parameter. Other types accept any value."""


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _expected(path: str, what: str, value: object) -> str:
    return f"{path}: must be {what}, not {_shown(value)}"


def _shown(value: object) -> str:
    text = ascii(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:58]}…{text[-1]}"
