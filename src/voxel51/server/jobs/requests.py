"""Job requests: check inputs and parameters against the document of the analytic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voxel51.server.errors import BadRequest
from voxel51.server.json_documents import parse_json_object
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.jobs import DATA_ID_FIELD, JOB_ID_FIELD, JobComputeMode, JobRequestDocument
from voxel51.wire.parameter_values import check_names, converted


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
    files = {
        name: value
        for name, value in request["parameters"].items()
        if isinstance(value, dict) and DATA_ID_FIELD in value
    }
    values = {name: value for name, value in request["parameters"].items() if name not in files}
    try:
        check_names("input", request["inputs"], document["inputs"])
        check_names("parameter", request["parameters"], document["parameters"])
        parameters = {**converted(document, values), **files}
    except ValueError as error:
        raise BadRequest(str(error)) from None
    for name, reference in request["inputs"].items():
        check_data(_data_id(f"input '{name}'", reference))
    for name, file in files.items():
        check_data(_data_id(f"parameter '{name}'", file))
    return {**request, "parameters": parameters}


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


def _data_id(what: str, reference: object) -> str:
    data_id = reference.get(DATA_ID_FIELD) if isinstance(reference, dict) else None
    if not isinstance(data_id, str):
        raise BadRequest(f'{what} must be {{"{DATA_ID_FIELD}": "<id of uploaded data>"}}, not {reference!r:.100}')
    return data_id
