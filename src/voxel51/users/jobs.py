"""Job requests, references to data, job states, and the errors of failed jobs."""

from collections.abc import Mapping
from typing import Any, Self

from voxel51.users.utils import Serializable
from voxel51.wire.documents import JsonObject
from voxel51.wire.jobs import (
    DATA_ID_FIELD,
    JOB_ID_FIELD,
    MAX_PARTS,
    JobComputeMode,
    JobFailureType,
    JobRecord,
    JobState,
)

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
    """Reference to data or to the output of a job that contains no id, or both ids."""


def require_not_failed(job: JobRecord) -> None:
    """Raise `JobExecutionError` if ``job`` has failed. A note names the failure type and where to read more."""
    if job["state"] == JobState.FAILED:
        error = JobExecutionError(f"Job '{job.get('id', '')}' failed")
        error.add_note(f"failure type: {job.get('failure_type', JobFailureType.NONE)}. See get_job_status().")
        raise error


class RemoteDataPath(Serializable):
    """Reference to data on the platform, or to the output of a job, which may not have ended yet.

    Attributes:
        data_id: the id of the data.
        job_id: the id of the job instead.

    Raises:
        RemoteDataPathError: the reference does not contain exactly one id.
    """

    def __init__(self, data_id: str | None = None, job_id: str | None = None) -> None:
        self.data_id = data_id
        self.job_id = job_id
        if not self.is_valid:
            raise RemoteDataPathError("Invalid RemoteDataPath")

    def __repr__(self) -> str:
        given = f"data_id={self.data_id!r}" if self.has_data_id else f"job_id={self.job_id!r}"
        return f"{type(self).__name__}({given})"

    @classmethod
    def from_data_id(cls, data_id: str) -> Self:
        """Return the reference to the data with the id ``data_id``."""
        return cls(data_id=data_id)

    @classmethod
    def from_job_id(cls, job_id: str) -> Self:
        """Return the reference to the output of the job with the id ``job_id``."""
        return cls(job_id=job_id)

    @property
    def has_data_id(self) -> bool:
        """Whether the reference is to data."""
        return self.data_id is not None

    @property
    def is_valid(self) -> bool:
        """Whether the reference contains exactly one id."""
        return (self.data_id is None) != (self.job_id is None)

    @staticmethod
    def is_remote_path_dict(val: object) -> bool:
        """Return whether ``val``, parsed from JSON, is a reference to data: an object with the key ``data-id``."""
        return isinstance(val, dict) and DATA_ID_FIELD in val

    def to_dict(self) -> JsonObject:
        """Return the JSON object that a job request contains."""
        return {DATA_ID_FIELD: str(self.data_id)} if self.has_data_id else {JOB_ID_FIELD: str(self.job_id)}

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Return the reference that a job request contains.

        Raises:
            RemoteDataPathError: ``d`` is not a reference.
        """
        given = d if isinstance(d, Mapping) else {}
        return cls(data_id=given.get(DATA_ID_FIELD), job_id=given.get(JOB_ID_FIELD))


class JobRequest(Serializable):
    """Request for a job: an analytic, its inputs and its parameters. ``str`` returns the JSON that is sent.

    Attributes:
        analytic: the full name of the analytic.
        version: the exact version; None is the latest.
        compute_mode: a `JobComputeMode`; None leaves the choice to the platform.
        inputs: input name -> `RemoteDataPath`.
        parameters: parameter name -> any JSON value, or a `RemoteDataPath` for a parameter that is a file.
        parts: number of parts into which the job is divided at most; None: it runs as a whole.
        reuse_result: whether an equal result that was computed before is copied, if there is one.
    """

    def __init__(self, analytic: str, version: str | None = None, compute_mode: str | None = None) -> None:
        self.analytic = analytic
        self.version = version
        self.compute_mode = compute_mode
        self.inputs: dict[str, RemoteDataPath] = {}
        self.parameters: JsonObject = {}
        self.parts: int | None = None
        self.reuse_result = False

    def __repr__(self) -> str:
        options = {"version": self.version, "compute_mode": self.compute_mode}
        parts = [repr(self.analytic), *(f"{name}={value!r}" for name, value in options.items() if value is not None)]
        return f"{type(self).__name__}({', '.join([*parts, f'inputs={self.inputs}', f'parameters={self.parameters}'])})"

    def set_input(self, name: str, path: RemoteDataPath | None = None, **kwargs: str) -> None:
        """Set the input ``name``: by ``path``, by ``data_id=``, or by ``job_id=`` for the output of a job.

        A job with the output of another job as an input waits until that job is complete.
        """
        self.inputs[name] = path if path is not None else RemoteDataPath(**kwargs)

    def set_data_parameter(self, name: str, path: RemoteDataPath | None = None, **kwargs: str) -> None:
        """Set the data of the parameter ``name``: by ``path``, or by ``data_id=``."""
        self.parameters[name] = path if path is not None else RemoteDataPath(**kwargs)

    def set_parameter(self, name: str, val: object) -> None:
        """Set the value of the parameter ``name``."""
        self.parameters[name] = val

    def set_split(self, parts: int | None) -> None:
        """Divide the job into at most ``parts`` parts of its video, which run side by side; None: run it as a whole.

        Raises:
            ValueError: ``parts`` is not from 2 to 64.
        """
        if parts is not None and not 2 <= parts <= MAX_PARTS:
            raise ValueError(f"a job can be split into 2 to {MAX_PARTS} parts, not {parts}")
        self.parts = parts

    def to_dict(self) -> JsonObject:
        """Return the JSON object that is sent. Options that are None are left out."""
        options = {"analytic": self.analytic, "version": self.version, "compute_mode": self.compute_mode}
        document: JsonObject = {name: value for name, value in options.items() if value is not None}
        document["inputs"] = {name: path.to_dict() for name, path in self.inputs.items()}
        document["parameters"] = {name: _to_json(value) for name, value in self.parameters.items()}
        if self.parts is not None:
            document["split"] = {"parts": self.parts}
        if self.reuse_result:
            document["reuse_result"] = True
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
        split = d.get("split")
        request.set_split(split["parts"] if isinstance(split, Mapping) else None)
        request.reuse_result = d.get("reuse_result") is True
        return request


def _to_json(value: object) -> object:
    return value.to_dict() if isinstance(value, RemoteDataPath) else value
