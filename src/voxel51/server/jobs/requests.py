"""Job requests: check inputs and parameters against the document of the analytic."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voxel51.server.errors import BadRequest
from voxel51.server.json_documents import parse_json_object
from voxel51.wire.analytics import AnalyticDocument, AnalyticInput
from voxel51.wire.jobs import (
    DATA_ID_FIELD,
    JOB_ID_FIELD,
    MAX_PARTS,
    REVIEW_ID_FIELD,
    JobComputeMode,
    JobRequestDocument,
    SplitOptions,
)
from voxel51.wire.parameter_values import check_names, converted

LONGEST_NAME = 255
"""Length of the longest name of a job, in characters."""


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
    split = _split_options(request.get("split"))
    if split is not None:
        checked["split"] = split
    reuse = request.get("reuse_result")
    if reuse is not None and not isinstance(reuse, bool):
        raise BadRequest(f"reuse_result must be true or false, not {json.dumps(reuse):.100}")
    if reuse:
        checked["reuse_result"] = True
    return checked


def check_request(
    request: JobRequestDocument,
    document: AnalyticDocument,
    check_data: Callable[[str], None],
    check_job: Callable[[str, AnalyticInput], None] | None = None,
) -> JobRequestDocument:
    """Return ``request`` with its parameters converted to the types that the analytic declares.

    ``check_data`` is called with every data id that the request names, and raises if the data cannot be used.
    ``check_job`` is called with the id of every job whose output is an input, and with the declaration of that input;
    without it, inputs must be data.

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
    declared = {each["name"]: each for each in document["inputs"]}
    for name, reference in request["inputs"].items():
        job_id = _job_id(reference)
        if check_job is not None and job_id is not None:
            check_job(job_id, declared[name])
        else:
            check_data(_data_id(f"input '{name}'", reference))
    for name, file in files.items():
        check_data(_data_id(f"parameter '{name}'", file))
    return {**request, "parameters": parameters}


@dataclass(frozen=True, slots=True)
class FileReference:
    """File that a request names: data, the output of a job, or the labels of a review. All ids but one are None."""

    data_id: str | None
    job_id: str | None = None
    review_id: str | None = None


def files_of(request: JobRequestDocument) -> dict[str, dict[str, FileReference]]:
    """Return the files that a request names in its ``inputs`` and ``parameters``, by part and name."""
    parts: dict[str, Mapping[str, object]] = {"inputs": request["inputs"], "parameters": request["parameters"]}
    return {
        part: {name: found for name, value in values.items() if (found := _reference(value)) is not None}
        for part, values in parts.items()
    }


def _reference(value: object) -> FileReference | None:
    if isinstance(value, dict) and (DATA_ID_FIELD in value or value.keys() in ({JOB_ID_FIELD}, {REVIEW_ID_FIELD})):
        return FileReference(value.get(DATA_ID_FIELD), value.get(JOB_ID_FIELD), value.get(REVIEW_ID_FIELD))
    return None


def _job_id(reference: object) -> str | None:
    job_id = reference.get(JOB_ID_FIELD) if isinstance(reference, dict) and len(reference) == 1 else None
    return job_id if isinstance(job_id, str) else None


def _compute_mode(value: object) -> JobComputeMode:
    try:
        return JobComputeMode(str(value).upper())
    except ValueError:
        raise BadRequest(f"compute_mode must be one of {', '.join(JobComputeMode)}, not {value!r}") from None


def _split_options(value: object) -> SplitOptions | None:
    if value is None or value is False or value == "auto":
        return None
    parts = value.get("parts") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(parts, int) or isinstance(parts, bool) or not 2 <= parts <= MAX_PARTS:
        raise BadRequest(
            f'split must be "auto", false or {{"parts": <from 2 to {MAX_PARTS}>}}, not {json.dumps(value):.100}'
        )
    return {"parts": parts}


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
