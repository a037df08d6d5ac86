"""Run keys: identify what a job computes, so that a result is reused only for the same computation.

Two jobs have the same key if and only if they run the same version of the same analytic, on inputs with the same bytes,
with the same value of every parameter. A default counts as if it had been given, and numbers are equal by value, so
``20``, ``20.0`` and the text ``"20"`` of a number are one value. The order of a list counts. Names of files, jobs and
owners do not. A value that selects model weights counts as the weights that a job takes at present, by the record of
the analytic: ``auto`` is another value once an operator has added better ones.

The key is the SHA-256 of this document in canonical JSON (sorted keys, no spaces, non-ASCII escaped)::

    {"scheme": 1,
     "analytic": {"id": "<id of the version>", "name": "voxel51/object-tracks", "version": "1.0.0"},
     "compute_mode": "BEST",
     "inputs": {"video": "<SHA-256>", "shots": {"run-key": "<key of the job that makes it>"}},
     "parameters": {"confidence": 0.5, "model": {"sha-256": "<SHA-256>"},
                    "weights": {"name": "nanodet-g", "sha256": "<SHA-256>"}}}

The id belongs to the key because an analytic may be deleted and uploaded again under the same version, with other code.
The compute mode belongs to it, as requested, because a GPU rounds otherwise than a CPU. Whenever the meaning of a part
changes, ``SCHEME`` must change too: a key that is needlessly new costs one computation, one that is wrongly the same
gives a false result.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from voxel51.wire.analytics import AnalyticDocument, AnalyticRecord
from voxel51.wire.hashing import new_sha256
from voxel51.wire.jobs import JobComputeMode
from voxel51.wire.parameter_values import check_names, converted, with_defaults

SCHEME = 1
"""Version of the document that is hashed."""

_LARGEST_EXACT_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Content:
    """Content of a file, as the value of a parameter.

    Attributes:
        sha256: the hash of its bytes, in hexadecimal.
    """

    sha256: str


@dataclass(frozen=True, slots=True)
class Output:
    """Output of a job of a deterministic analytic, as an input: its key says what it is before it is made.

    Attributes:
        run_key: the key of the job, in hexadecimal.
    """

    run_key: str


def run_key(
    analytic: AnalyticRecord,
    document: AnalyticDocument,
    inputs: Mapping[str, str | Output],
    parameters: Mapping[str, object],
    compute_mode: str = JobComputeMode.BEST,
) -> str:
    """Return the key of a job, 64 hexadecimal digits.

    Args:
        analytic: the record of the version that runs, with ``id``, ``name`` and ``version``, and with its
            ``weights`` if it has some.
        document: the document of that version.
        inputs: input name -> SHA-256 of its bytes, or the `Output` of a job.
        parameters: parameter name -> JSON value, or `Content` of a file. Absent ones have their defaults.
        compute_mode: as requested.

    Raises:
        ValueError: an input or parameter is unknown or missing, or a parameter has the wrong type or is out of range.
    """
    check_names("input", inputs, document["inputs"])
    values = _canonical(with_weights(analytic, complete_parameters(document, parameters)))
    hashed = {
        "scheme": SCHEME,
        "analytic": {name: analytic[name] for name in ("id", "name", "version")},
        "compute_mode": str(compute_mode),
        "inputs": {name: _canonical(content) for name, content in inputs.items()},
        "parameters": values,
    }
    text = json.dumps(hashed, sort_keys=True, separators=(",", ":"))
    return new_sha256(text.encode()).hexdigest()


def complete_parameters(document: AnalyticDocument, parameters: Mapping[str, object]) -> dict[str, object]:
    """Return the value of every parameter as a job sees it: converted to its type, defaults filled in.

    Raises:
        ValueError: a parameter is unknown or missing, has the wrong type or is out of range.
    """
    check_names("parameter", parameters, document["parameters"])
    files = {name: value for name, value in parameters.items() if isinstance(value, Content)}
    values = converted(document, {name: value for name, value in parameters.items() if name not in files})
    return with_defaults(document, {**values, **files})


def with_weights(analytic: AnalyticRecord, values: Mapping[str, object]) -> dict[str, object]:
    """Return ``values`` with the files of the weights that they select."""
    files = analytic.get("weights", {})
    return {name: files.get(name, {}).get(str(value), value) for name, value in values.items()}


def with_chosen_weights(
    analytic: AnalyticRecord, document: AnalyticDocument, given: Mapping[str, object]
) -> dict[str, object]:
    """Return the given parameters with weights by name instead of values such as ``auto``.

    A job then uses the weights that its run key holds, also if an operator adds better ones before it starts.
    """
    defaults = {each["name"]: each.get("default") for each in document["parameters"]}
    named = {}
    for parameter, files in analytic.get("weights", {}).items():
        file = files.get(str(given.get(parameter, defaults[parameter])))
        if file is not None:
            named[parameter] = file["name"]
    return {**given, **named}


def _canonical(value: object) -> object:
    """Return ``value`` as it is hashed: whole numbers as integers, so that equal numbers have the same text."""
    match value:
        case Content():
            return {"sha-256": value.sha256.lower()}
        case Output():
            return {"run-key": value.run_key}
        case float() if value.is_integer() and abs(value) < _LARGEST_EXACT_INTEGER:
            return int(value)
        case Mapping():
            return {str(key): _canonical(each) for key, each in value.items()}
        case list() | tuple():
            return [_canonical(each) for each in value]
        case _:
            return value
