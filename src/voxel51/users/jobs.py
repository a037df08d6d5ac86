"""Job requests, references to data, job states, and the errors of failed jobs."""

from collections.abc import Mapping
from typing import Any, Self

from voxel51.users.utils import Serializable
from voxel51.wire.documents import JsonObject
from voxel51.wire.jobs import DATA_ID_FIELD, JobComputeMode, JobFailureType, JobRecord, JobState

__all__ = [
    "DATA_ID_FIELD",
    "JobComputeMode",
    "JobExecutionError",
    "JobFailureType",
    "JobRequest",
    "JobState",
    "RemoteDataPath",
    "RemoteDataPathError",
    "WaitTimedOut",
    "require_not_failed",
]


class JobExecutionError(Exception):
    """Failure of a job, or a job that did not end in time."""


class WaitTimedOut(JobExecutionError, TimeoutError):
    """Jobs that did not end in time. They continue on the platform.

    Attributes:
        job_ids: the ids of the jobs that have not ended.
    """

    def __init__(self, job_ids: list[str]) -> None:
        count = "" if len(job_ids) == 1 else f": {len(job_ids)} jobs have not ended"
        super().__init__(f"Maximum wait time exceeded{count}")
        self.job_ids = job_ids


class RemoteDataPathError(Exception):
    """Reference to data that contains no id."""


def require_not_failed(job: JobRecord) -> None:
    """Raise `JobExecutionError` if ``job`` has failed. A note names the failure type and where to read more."""
    if job["state"] == JobState.FAILED:
        error = JobExecutionError(f"Job '{job.get('id', '')}' failed")
        error.add_note(f"failure type: {job.get('failure_type', JobFailureType.NONE)}. See get_job_status().")
        raise error


class RemoteDataPath(Serializable):
    """Reference to data on the platform.

    Attributes:
        data_id: the id of the data.

    Raises:
        RemoteDataPathError: the reference contains no id.
    """

    def __init__(self, data_id: str | None = None) -> None:
        self.data_id = data_id
        if not self.is_valid:
            raise RemoteDataPathError("Invalid RemoteDataPath")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(data_id={self.data_id!r})"

    @classmethod
    def from_data_id(cls, data_id: str) -> Self:
        """Return the reference to the data with the id ``data_id``."""
        return cls(data_id=data_id)

    @property
    def has_data_id(self) -> bool:
        """Whether the reference contains an id, the only kind of reference."""
        return self.data_id is not None

    @property
    def is_valid(self) -> bool:
        """Whether the reference is complete."""
        return self.has_data_id

    @staticmethod
    def is_remote_path_dict(val: object) -> bool:
        """Return whether ``val``, parsed from JSON, is a reference: an object with the key ``data-id``."""
        return isinstance(val, dict) and DATA_ID_FIELD in val

    def to_dict(self) -> JsonObject:
        """Return the JSON object that a job request contains."""
        return {DATA_ID_FIELD: str(self.data_id)}

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Return the reference that a job request contains.

        Raises:
            RemoteDataPathError: ``d`` is not a reference.
        """
        return cls(data_id=d.get(DATA_ID_FIELD) if isinstance(d, Mapping) else None)


class JobRequest(Serializable):
    """Request for a job: an analytic, its inputs and its parameters. ``str`` returns the JSON that is sent.

    Attributes:
        analytic: the full name of the analytic.
        version: the exact version; None is the latest.
        compute_mode: a `JobComputeMode`; None leaves the choice to the platform.
        inputs: input name -> `RemoteDataPath`.
        parameters: parameter name -> any JSON value, or a `RemoteDataPath` for a parameter that is a file.
    """

    def __init__(self, analytic: str, version: str | None = None, compute_mode: str | None = None) -> None:
        self.analytic = analytic
        self.version = version
        self.compute_mode = compute_mode
        self.inputs: dict[str, RemoteDataPath] = {}
        self.parameters: JsonObject = {}

    def __repr__(self) -> str:
        options = {"version": self.version, "compute_mode": self.compute_mode}
        parts = [repr(self.analytic), *(f"{name}={value!r}" for name, value in options.items() if value is not None)]
        return f"{type(self).__name__}({', '.join([*parts, f'inputs={self.inputs}', f'parameters={self.parameters}'])})"

    def set_input(self, name: str, path: RemoteDataPath | None = None, **kwargs: str) -> None:
        """Set the data of the input ``name``: by ``path``, or by ``data_id=``."""
        self.inputs[name] = path if path is not None else RemoteDataPath(**kwargs)

    def set_data_parameter(self, name: str, path: RemoteDataPath | None = None, **kwargs: str) -> None:
        """Set the data of the parameter ``name``: by ``path``, or by ``data_id=``."""
        self.parameters[name] = path if path is not None else RemoteDataPath(**kwargs)

    def set_parameter(self, name: str, val: object) -> None:
        """Set the value of the parameter ``name``."""
        self.parameters[name] = val

    def to_dict(self) -> JsonObject:
        """Return the JSON object that is sent. Options that are None are left out."""
        options = {"analytic": self.analytic, "version": self.version, "compute_mode": self.compute_mode}
        document: JsonObject = {name: value for name, value in options.items() if value is not None}
        document["inputs"] = {name: path.to_dict() for name, path in self.inputs.items()}
        document["parameters"] = {name: _to_json(value) for name, value in self.parameters.items()}
        return document

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Return the request that a JSON object describes.

        Raises:
            RemoteDataPathError: an input is not a reference to data.
        """
        request = cls(d["analytic"], version=d.get("version"), compute_mode=d.get("compute_mode"))
        for name, value in (d.get("inputs") or {}).items():
            request.set_input(name, RemoteDataPath.from_dict(value))
        for name, value in (d.get("parameters") or {}).items():
            is_path = RemoteDataPath.is_remote_path_dict(value)
            request.set_parameter(name, RemoteDataPath.from_dict(value) if is_path else value)
        return request


def _to_json(value: object) -> object:
    return value.to_dict() if isinstance(value, RemoteDataPath) else value
