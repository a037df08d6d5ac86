"""Job requests: check inputs and parameters against the document of the analytic, and convert parameter values."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from voxel51.server.errors import BadRequest
from voxel51.server.json_documents import parse_json_object
from voxel51.wire.analytics import AnalyticDocument, AnalyticInput, AnalyticParameter, ParameterRange
from voxel51.wire.jobs import DATA_ID_FIELD, JOB_ID_FIELD, JobComputeMode, JobRequestDocument

_BOOLEAN_WORDS = {"true": True, "false": False}


def read_request(content: bytes) -> JobRequestDocument:
    """Return the request that a client sent, with its shape checked and absent parts filled in.

    Raises:
        BadRequest: the content is not a JSON object of that shape; the text names the part.
    """
    request = parse_json_object("job request", content)
    if not isinstance(request.get("analytic"), str) or not request["analytic"]:
        raise BadRequest("The job request must be an object with the text 'analytic', such as 'voxel51/shot-detection'")
    checked: JobRequestDocument = {"analytic": request["analytic"]}
    if request.get("version") is not None:
        checked["version"] = str(request["version"])
    if request.get("compute_mode") is not None:
        checked["compute_mode"] = _compute_mode(request["compute_mode"])
    for part in ("inputs", "parameters"):
        values = request.get(part) or {}
        if not isinstance(values, dict):
            raise BadRequest(f"'{part}' of the job request must be an object, not {type(values).__name__}")
        checked[part] = values
    return checked


def check_request(
    request: JobRequestDocument, document: AnalyticDocument, check_data: Callable[[str], None]
) -> JobRequestDocument:
    """Return ``request`` with its parameters converted to the types that the analytic declares.

    ``check_data`` is called with every data id that the request names, and raises if the data cannot be used.

    Raises:
        BadRequest: an input or parameter is missing, unknown, of the wrong type or out of range, or the analytic does
            not support the compute mode.
    """
    _check_compute_mode(request.get("compute_mode", JobComputeMode.BEST), document)
    _check_names("input", request["inputs"], document["inputs"])
    for name, reference in request["inputs"].items():
        check_data(_data_id(f"input '{name}'", reference))
    _check_names("parameter", request["parameters"], document["parameters"])
    declared = {parameter["name"]: parameter for parameter in document["parameters"]}
    ranges = document.get("extensions", {}).get("parameters", {})
    parameters: dict[str, object] = {}
    for name, value in request["parameters"].items():
        if isinstance(value, dict) and DATA_ID_FIELD in value:
            check_data(_data_id(f"parameter '{name}'", value))
            parameters[name] = value
        else:
            parameters[name] = _convert(declared[name], value, ranges.get(name, {}))
    return {**request, "parameters": parameters}


def output_filename(document: AnalyticDocument) -> str:
    """Return the name of a job's output file; empty if the analytic produces none."""
    if document["zip_outputs"]:
        return "output.zip"
    kept = [output["filename"] for output in document["outputs"] if not output["post_as_data"]]
    return kept[0] if kept else ""


@dataclass(frozen=True, slots=True)
class FileReference:
    """File that a request names: data, or the output of a job. One of the two ids is None."""

    data_id: str | None
    job_id: str | None = None


def files_of(request: JobRequestDocument) -> dict[str, dict[str, FileReference]]:
    """Return the files that a request names in its ``inputs`` and ``parameters``, by part and name."""
    parts: dict[str, Mapping[str, object]] = {"inputs": request["inputs"], "parameters": request["parameters"]}
    return {
        part: {name: found for name, value in values.items() if (found := _reference(value)) is not None}
        for part, values in parts.items()
    }


def _reference(value: object) -> FileReference | None:
    if isinstance(value, dict) and (DATA_ID_FIELD in value or value.keys() == {JOB_ID_FIELD}):
        return FileReference(value.get(DATA_ID_FIELD), value.get(JOB_ID_FIELD))
    return None


def _compute_mode(value: object) -> JobComputeMode:
    try:
        return JobComputeMode(str(value).upper())
    except ValueError:
        raise BadRequest(f"compute_mode must be one of {', '.join(JobComputeMode)}, not {value!r}") from None


def _check_compute_mode(mode: str, document: AnalyticDocument) -> None:
    info = document["info"]
    supported = {"CPU": info["supports_cpu"], "GPU": info["supports_gpu"]}
    if mode in supported and not supported[mode]:
        raise BadRequest(f"Analytic '{info['name']}' does not support compute_mode {mode}. Use BEST.")


def _check_names(
    kind: str, given: Mapping[str, object], declared: Collection[AnalyticInput] | Collection[AnalyticParameter]
) -> None:
    known = {entry["name"] for entry in declared}
    names = ", ".join(sorted(known)) or "none"
    for name in given:
        if name not in known:
            raise BadRequest(f"Unknown {kind} '{name}'; the analytic has these: {names}")
    for entry in declared:
        if entry["required"] and "default" not in entry and entry["name"] not in given:
            raise BadRequest(f"Missing required {kind} '{entry['name']}' ({entry['description']})")


def _data_id(what: str, reference: object) -> str:
    data_id = reference.get(DATA_ID_FIELD) if isinstance(reference, dict) else None
    if not isinstance(data_id, str):
        raise BadRequest(f'{what} must be {{"{DATA_ID_FIELD}": "<id of uploaded data>"}}, not {reference!r:.100}')
    return data_id


def _convert(parameter: AnalyticParameter, value: object, allowed: ParameterRange) -> object:
    """Return a parameter value converted to the declared type, if it is in the allowed range."""
    kind = parameter["type"].rpartition(".")[2]
    converted = _CONVERTERS[kind](value) if kind in _CONVERTERS else value
    name = parameter["name"]
    if converted is _INVALID:
        raise BadRequest(f"parameter '{name}' takes a {kind}, not {value!r:.100}")
    if isinstance(converted, int | float) and not isinstance(converted, bool):
        low, high = allowed.get("minimum"), allowed.get("maximum")
        if not (low is None or converted >= low) or not (high is None or converted <= high):
            bounds = f"{'…' if low is None else low} to {'…' if high is None else high}"
            raise BadRequest(f"parameter '{name}' takes {bounds}, not {value!r:.100}")
    _check_choices(name, converted, allowed)
    return converted


def _check_choices(name: str, value: object, allowed: ParameterRange) -> None:
    choices = allowed.get("choices")
    for item in value if isinstance(value, list) else [value]:
        if choices is not None and item not in choices:
            listed = ", ".join(map(str, choices[:20])) + (", …" if len(choices) > 20 else "")
            raise BadRequest(f"parameter '{name}' takes one of {listed}, not {item!r:.100}")


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
