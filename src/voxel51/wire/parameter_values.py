"""Parameter values: check and convert the values of a job request by the document of the analytic, fill in defaults.

Client and platform use the same functions, so both see the same value for every text that the original client sends.
"""

import json
from collections.abc import Callable, Collection, Mapping

from voxel51.wire.analytics import AnalyticDocument, AnalyticInput, AnalyticParameter, ParameterRange

_BOOLEAN_WORDS = {"true": True, "false": False}


def check_names(
    kind: str, given: Collection[str], declared: Collection[AnalyticInput] | Collection[AnalyticParameter]
) -> None:
    """Check that all names are declared, and that none is missing. ``kind`` is ``input`` or ``parameter``.

    Raises:
        ValueError: a name is unknown, or a required one without a default is missing.
    """
    known = {entry["name"] for entry in declared}
    names = ", ".join(sorted(known)) or "none"
    for name in given:
        if name not in known:
            raise ValueError(f"Unknown {kind} '{name}'; the analytic has these: {names}")
    for entry in declared:
        if entry["required"] and "default" not in entry and entry["name"] not in given:
            raise ValueError(f"Missing required {kind} '{entry['name']}' ({entry['description']})")


def converted(document: AnalyticDocument, values: Mapping[str, object]) -> dict[str, object]:
    """Return parameter values converted to the types that the analytic declares. ``values`` contains no files.

    Raises:
        ValueError: a value has the wrong type or is out of range.
    """
    declared = {parameter["name"]: parameter for parameter in document["parameters"]}
    ranges = document.get("extensions", {}).get("parameters", {})
    return {name: _convert(declared[name], value, ranges.get(name, {})) for name, value in values.items()}


def with_defaults(document: AnalyticDocument, values: Mapping[str, object]) -> dict[str, object]:
    """Return ``values`` and the declared default of every other parameter that has one."""
    defaults = {each["name"]: each["default"] for each in document["parameters"] if "default" in each}
    return {**defaults, **values}


def _convert(parameter: AnalyticParameter, value: object, allowed: ParameterRange) -> object:
    """Return a parameter value converted to the declared type, if it is in the allowed range."""
    kind = parameter["type"].rpartition(".")[2]
    result = _CONVERTERS[kind](value) if kind in _CONVERTERS else value
    name = parameter["name"]
    if result is _INVALID:
        raise ValueError(f"parameter '{name}' takes a {kind}, not {value!r:.100}")
    if isinstance(result, int | float) and not isinstance(result, bool):
        low, high = allowed.get("minimum"), allowed.get("maximum")
        if not (low is None or result >= low) or not (high is None or result <= high):
            bounds = f"{'…' if low is None else low} to {'…' if high is None else high}"
            raise ValueError(f"parameter '{name}' takes {bounds}, not {value!r:.100}")
    _check_choices(name, result, allowed)
    return result


def _check_choices(name: str, value: object, allowed: ParameterRange) -> None:
    choices = allowed.get("choices")
    for item in value if isinstance(value, list) else [value]:
        if choices is not None and item not in choices:
            listed = ", ".join(map(str, choices[:20])) + (", …" if len(choices) > 20 else "")
            raise ValueError(f"parameter '{name}' takes one of {listed}, not {item!r:.100}")


# The original client sends numbers and booleans as JSON text too, so text is converted where the type is declared.

_INVALID = object()


def _number(value: object) -> object:
    if isinstance(value, bool):
        return _INVALID
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return _INVALID
    is_finite = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    return value if is_finite else _INVALID


def _integer(value: object) -> object:
    number = _number(value)
    return int(number) if isinstance(number, int | float) and number == int(number) else _INVALID


def _boolean(value: object) -> object:
    if isinstance(value, str):
        return _BOOLEAN_WORDS.get(value.lower(), _INVALID)
    return value if isinstance(value, bool) else _INVALID


def _string(value: object) -> object:
    return value if isinstance(value, str) else _INVALID


def _array(value: object) -> object:
    return value if isinstance(value, list) else _INVALID


_CONVERTERS: Mapping[str, Callable[[object], object]] = {
    "Number": _number,
    "Float": _number,
    "Integer": _integer,
    "Boolean": _boolean,
    "String": _string,
    "Array": _array,
}
