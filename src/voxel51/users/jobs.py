"""Jobs: how they are asked for, where they can stand, how they fail."""

from collections.abc import Mapping
from typing import Any, Self, cast

from voxel51.users.utils import Serializable
from voxel51.wire.jobs import DATA_ID_FIELD, DataReference, JobComputeMode, JobFailureType, JobRecord, JobState

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
    """A job failed, or did not end in time."""


class WaitTimedOut(JobExecutionError, TimeoutError):
    """Jobs did not end in time; they go on.

    Attributes:
        job_ids: those that had not ended.
    """

    def __init__(self, job_ids: list[str]) -> None:
        several = "" if len(job_ids) == 1 else f": {len(job_ids)} jobs have not ended"
        super().__init__(f"Maximum wait time exceeded{several}")
        self.job_ids = job_ids


class RemoteDataPathError(Exception):
    """A reference to data that refers to none."""


def require_not_failed(job: JobRecord) -> None:
    """Return when ``job`` has not failed.

    Raises:
        JobExecutionError: it has; a note says who is at fault and where to read more.
    """
    if job["state"] == JobState.FAILED:
        error = JobExecutionError(f"Job '{job.get('id', '')}' failed")
        error.add_note(f"at fault: {job.get('failure_type', JobFailureType.NONE)}; get_job_status() says why")
        raise error


class RemoteDataPath(Serializable):
    """A reference to data on the platform.

    Raises:
        RemoteDataPathError: no data is referred to.
    """

    def __init__(self, data_id: str | None = None) -> None:
        self.data_id = data_id
        if not self.is_valid:
            raise RemoteDataPathError("Invalid RemoteDataPath")

    @classmethod
    def from_data_id(cls, data_id: str) -> Self:
        """The reference to the data with that id."""
        return cls(data_id=data_id)

    @property
    def has_data_id(self) -> bool:
        """Whether it refers by id, which is the only way there is."""
        return self.data_id is not None

    @property
    def is_valid(self) -> bool:
        """Whether it refers to something."""
        return self.has_data_id

    @staticmethod
    def is_remote_path_dict(val: object) -> bool:
        """Whether ``val``, read from JSON, is such a reference: an object with the key ``data-id``."""
        return isinstance(val, dict) and DATA_ID_FIELD in val

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a job request."""
        return cast("dict[str, Any]", DataReference({"data-id": str(self.data_id)}))

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Read it from a job request.

        Raises:
            RemoteDataPathError: it is something else.
        """
        return cls(data_id=d.get(DATA_ID_FIELD) if isinstance(d, Mapping) else None)


class JobRequest(Serializable):
    """What a job is to do. Printing it shows the JSON that goes out.

    Attributes:
        analytic: full name, as listed.
        version: exact version; None is the latest.
        compute_mode: a `JobComputeMode`; None is the platform's choice.
        inputs: input name -> `RemoteDataPath`.
        parameters: parameter name -> any JSON value, or a `RemoteDataPath` for a parameter that is a file.
    """

    def __init__(self, analytic: str, version: str | None = None, compute_mode: str | None = None) -> None:
        self.analytic = analytic
        self.version = version
        self.compute_mode = compute_mode
        self.inputs: dict[str, RemoteDataPath] = {}
        self.parameters: dict[str, Any] = {}

    def set_input(self, name: str, path: RemoteDataPath | None = None, **kwargs: str) -> None:
        """Say which data the input ``name`` is: by ``path``, or by ``data_id=``."""
        self.inputs[name] = path if path is not None else RemoteDataPath(**kwargs)

    def set_data_parameter(self, name: str, path: RemoteDataPath | None = None, **kwargs: str) -> None:
        """Say which data the parameter ``name`` is: by ``path``, or by ``data_id=``."""
        self.parameters[name] = path if path is not None else RemoteDataPath(**kwargs)

    def set_parameter(self, name: str, val: Any) -> None:
        """Say what the parameter ``name`` is."""
        self.parameters[name] = val

    def to_dict(self) -> dict[str, Any]:
        """The document that goes out; what was not chosen is left out."""
        chosen = {"analytic": self.analytic, "version": self.version, "compute_mode": self.compute_mode}
        document: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
        document["inputs"] = {name: path.to_dict() for name, path in self.inputs.items()}
        document["parameters"] = {name: _plain(value) for name, value in self.parameters.items()}
        return document

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Read a request back.

        Raises:
            RemoteDataPathError: an input is no reference to data.
        """
        request = cls(d["analytic"], version=d.get("version"), compute_mode=d.get("compute_mode"))
        for name, value in (d.get("inputs") or {}).items():
            request.set_input(name, RemoteDataPath.from_dict(value))
        for name, value in (d.get("parameters") or {}).items():
            is_path = RemoteDataPath.is_remote_path_dict(value)
            request.set_parameter(name, RemoteDataPath.from_dict(value) if is_path else value)
        return request


def _plain(value: Any) -> Any:
    return value.to_dict() if isinstance(value, RemoteDataPath) else value
