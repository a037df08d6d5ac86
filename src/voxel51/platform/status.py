"""The story of a job, as the platform shows it while the job runs."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from voxel51.platform.job import PROGRESS_INTERVAL_SECONDS
from voxel51.wire.jobs import JobFailureType
from voxel51.wire.tasks import MetadataReport, Progress, TaskDescription, TaskState, TaskStatusDocument

logger = logging.getLogger(__name__)


class Status:
    """A job's status document, published as it grows (a `voxel51.platform.job.Reporter`).

    What is reported goes out at most twice a second; a report in between is published when its time has come, by a
    thread that lives only until then. A job of less than half a second thus publishes its last status alone.

    ``publish`` sends a document; it may be called from that thread. ``amount`` is told how much was analysed.
    """

    def __init__(
        self,
        task: TaskDescription,
        publish: Callable[[bytes], None],
        amount: Callable[[MetadataReport], None],
    ) -> None:
        self._publish = publish
        self._amount = amount
        self._lock = threading.Lock()
        self._due_at = time.monotonic() + PROGRESS_INTERVAL_SECONDS
        self._timer: threading.Timer | None = None
        self._ended = False
        started = _now()
        self._document: TaskStatusDocument = {
            "analytic": task["analytic"],
            "version": task["version"],
            "state": TaskState.RUNNING.value,
            "start_time": started,
            "complete_time": None,
            "fail_time": None,
            "failure_type": JobFailureType.NONE.value,
            "messages": [{"message": "Task started", "time": started}],
            "inputs": {},
            "posted_data": {},
        }
        self._grown()

    def progress(self, progress: Progress) -> None:
        """How far the job is."""
        with self._lock:
            self._document["progress"] = progress
        self._grown()

    def message(self, text: str) -> None:
        """A line for the job's story."""
        with self._lock:
            self._document["messages"].append({"message": text, "time": _now()})
        self._grown()

    def warning(self, text: str) -> None:
        """What the owner should know about the result."""
        with self._lock:
            self._document.setdefault("warnings", []).append(text)
        self._grown()

    def input_metadata(self, name: str, metadata: Mapping[str, Any]) -> None:
        """What was found out about an input."""
        with self._lock:
            self._document["inputs"][name] = dict(metadata)
        self._grown()

    def job_metadata(self, metadata: MetadataReport) -> None:
        """How much was analysed; passed on at once, since it is no part of the document."""
        self._amount(metadata)

    def posted(self, output: str, data_id: str) -> None:
        """The output ``output`` is now the data ``data_id`` of the job's owner."""
        with self._lock:
            self._document["posted_data"][output] = data_id

    def complete(self) -> bytes:
        """The last document of a job that did what it was asked. Nothing is published afterwards."""
        return self._end(TaskState.COMPLETE, "complete_time", "Task complete", JobFailureType.NONE)

    def fail(self, failure_type: JobFailureType, text: str) -> bytes:
        """The last document of a job that failed. Nothing is published afterwards."""
        return self._end(TaskState.FAILED, "fail_time", text, failure_type)

    def _end(self, state: TaskState, key: Any, text: str, failure_type: JobFailureType) -> bytes:
        with self._lock:
            self._ended = True
            if self._timer is not None:
                self._timer.cancel()
            moment = _now()
            self._document["state"] = state.value
            self._document["failure_type"] = failure_type.value
            self._document[key] = moment  # type: ignore[literal-required]
            self._document["messages"].append({"message": text, "time": moment})
            return self._serialised()

    def _grown(self) -> None:
        """Publish now, or see to it that somebody does."""
        with self._lock:
            if self._ended or self._timer is not None:
                return
            wait_seconds = self._due_at - time.monotonic()
            if wait_seconds > 0:
                self._timer = threading.Timer(wait_seconds, self._publish_late)
                self._timer.daemon = True
                self._timer.start()
                return
            self._publish_now()

    def _publish_late(self) -> None:
        with self._lock:
            self._timer = None
            if not self._ended:
                self._publish_now()

    def _publish_now(self) -> None:
        """Under the lock, so that an older document never overtakes a newer one, nor the last."""
        self._publish(self._serialised())
        self._due_at = time.monotonic() + PROGRESS_INTERVAL_SECONDS

    def _serialised(self) -> bytes:
        # What an analytic found out may hold numbers that are not plain ones; their text is better than no status.
        return json.dumps(self._document, indent=4, default=str).encode()


def _now() -> str:
    """This moment as the contract writes it into a status: naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat()
