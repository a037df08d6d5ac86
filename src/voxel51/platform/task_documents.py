"""Original SDK: the task of a job, and the status document that reports on it.

`voxel51.platform.task` has these classes under their original names. The platform's own child process reports by
`voxel51.platform.status` instead.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Self

from voxel51.platform.serializable import Config, Serializable, plain
from voxel51.platform.utils import RemotePathConfig
from voxel51.wire.documents import JsonObject


class TaskState:
    """States of a task. Their values are text, as in the documents."""

    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"


class TaskFailureType:
    """Party at fault for a failed task. The values are text, as in the documents."""

    USER = "USER"
    ANALYTIC = "ANALYTIC"
    PLATFORM = "PLATFORM"
    NONE = "NONE"


class TaskConfig(Config):
    """Task of a job: the document at the address in the variable ``TASK_DESCRIPTION``.

    Attributes:
        analytic: name of the analytic.
        version: its version.
        job_id: id of the job.
        inputs: input name -> link to its file.
        parameters: parameter name -> value; a data parameter is the document of a link.
        status: where the status document is uploaded.
        logfile: where the log is uploaded.
        output: where the output is uploaded; None for an analytic without output.
    """

    def __init__(self, d: Mapping[str, Any]) -> None:
        self.analytic = self.parse_string(d, "analytic")
        self.version = self.parse_string(d, "version")
        self.job_id = self.parse_string(d, "job_id")
        self.inputs = {name: RemotePathConfig(link) for name, link in self.parse_dict(d, "inputs").items()}
        self.parameters = self.parse_dict(d, "parameters")
        self.status = self.parse_object(d, "status", RemotePathConfig)
        self.logfile = self.parse_object(d, "logfile", RemotePathConfig)
        has_output = d.get("output") is not None
        self.output = self.parse_object(d, "output", RemotePathConfig) if has_output else None

    @property
    def log(self) -> RemotePathConfig:
        """Link to upload the log; the document calls it ``logfile``."""
        return self.logfile


class TaskStatusMessage(Serializable):
    """Message in the status of a task.

    Attributes:
        message: its text.
        time: time in UTC without a time zone, ISO 8601; the present by default.
    """

    def __init__(self, message: str, time: str | datetime | None = None) -> None:
        self.message = message
        self.time = _now() if time is None else _time_text(time)

    def attributes(self) -> list[str]:
        """Return the names of the attributes that are serialized."""
        return ["message", "time"]

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Return the message that a JSON object describes."""
        return cls(d["message"], d.get("time"))


class TaskStatus(Serializable):
    """Status of a task, published by a callback; see `make_task_status` of `voxel51.platform.task`.

    Attributes:
        state: a `TaskState`.
        start_time: time in UTC without a time zone, ISO 8601; None until it is reached. Likewise ``complete_time``
            and ``fail_time``.
        failure_type: a `TaskFailureType`.
        messages: the messages, the oldest first.
        inputs: input name -> metadata of its file.
        posted_data: output name -> id of the data that it became.
    """

    def __init__(
        self,
        analytic: str | None = None,
        version: str | None = None,
        state: str = TaskState.SCHEDULED,
        start_time: str | None = None,
        complete_time: str | None = None,
        fail_time: str | None = None,
        failure_type: str = TaskFailureType.NONE,
        messages: list[TaskStatusMessage] | None = None,
        inputs: dict[str, Any] | None = None,
        posted_data: dict[str, str] | None = None,
    ) -> None:
        self.analytic = analytic
        self.version = version
        self.state = state
        self.start_time = start_time
        self.complete_time = complete_time
        self.fail_time = fail_time
        self.failure_type = failure_type
        self.messages = messages or []
        self.inputs = inputs or {}
        self.posted_data = posted_data or {}
        self._publish_callback: Callable[[TaskStatus], None] | None = None

    @classmethod
    def build_for(cls, task_config: TaskConfig) -> Self:
        """Return the status of a task that has not started."""
        return cls(analytic=task_config.analytic, version=task_config.version)

    def record_input_metadata(self, name: str, metadata: Any) -> None:
        """Record the metadata of an input: an object, or a dictionary, of any library."""
        self.inputs[name] = plain(metadata)

    def record_posted_data(self, name: str, data_id: str) -> None:
        """Record that an output became the data ``data_id`` of the job's owner."""
        self.posted_data[name] = data_id

    def start(self, msg: str = "Task started") -> None:
        """Record that the task runs. Nothing is published."""
        self.state = TaskState.RUNNING
        self.start_time = self._note(msg)

    def complete(self, msg: str = "Task complete") -> None:
        """Record that the task is complete. Nothing is published."""
        self.state = TaskState.COMPLETE
        self.complete_time = self._note(msg)

    def fail(self, failure_type: str | None = None, msg: str = "Task failed") -> None:
        """Record that the task failed, and who is at fault. Nothing is published."""
        self.state = TaskState.FAILED
        self.failure_type = failure_type or TaskFailureType.NONE
        self.fail_time = self._note(msg)

    def add_message(self, msg: str) -> None:
        """Add a message. Nothing is published."""
        self._note(msg)

    def set_publish_callback(self, publish_callback: Callable[["TaskStatus"], None]) -> None:
        """Set what `publish` calls with this status."""
        self._publish_callback = publish_callback

    def publish(self) -> None:
        """Publish the status by the callback. Without one, nothing happens."""
        if self._publish_callback is not None:
            self._publish_callback(self)

    def attributes(self) -> list[str]:
        """Return the names of the attributes that are serialized."""
        return ["analytic", "version", "state", "start_time", "complete_time", "fail_time", "failure_type", "messages",
                "inputs", "posted_data"]  # fmt: skip

    @classmethod
    def from_dict(cls, d: Mapping[str, Any]) -> Self:
        """Return the status that a JSON object describes. It has no callback."""
        known: JsonObject = {key: d[key] for key in cls().attributes() if key in d}
        known["messages"] = [TaskStatusMessage.from_dict(each) for each in d.get("messages") or ()]
        return cls(**known)

    def _note(self, msg: str) -> str:
        """Add a message, and return its time."""
        message = TaskStatusMessage(msg)
        self.messages.append(message)
        return message.time


def _now() -> str:
    return _time_text(datetime.now(UTC))


def _time_text(time: str | datetime) -> str:
    """Return a time as the documents have it: naive UTC."""
    if isinstance(time, str):
        return time
    return (time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time).isoformat()
