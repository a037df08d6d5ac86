"""Job status: the document that reports a running job's progress, messages and warnings."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from voxel51.labels.field_types import JsonValue
from voxel51.platform.job import PROGRESS_INTERVAL_SECONDS
from voxel51.wire.jobs import JobFailureType
from voxel51.wire.tasks import MetadataReport, Progress, TaskDescription, TaskState, TaskStatusDocument

logger = logging.getLogger(__name__)

MOST_MESSAGES = 500

LARGEST_BYTES = 1024 * 1024
"""Size of a document above which only the last messages and warnings are published."""

KEPT_TEXTS = 30
"""Number of these messages, and of these warnings. The longest have 12,000 bytes each in JSON."""


class Status:
    """Status document of a job, published as it changes (a `voxel51.platform.job.Reporter`).

    Changes are published at most twice a second; a change in between is published later, by a timer thread. A job of
    less than half a second thus publishes only its final status.

    ``publish`` sends a document and may be called from that thread. ``amount`` receives the amount that was analysed.
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
        self._changed()

    @property
    def frames_done(self) -> int | None:
        """Number of frames that are done, as it was reported last; None before."""
        return self._document.get("progress", {}).get("frames_done")

    def progress(self, progress: Progress) -> None:
        """Report progress."""
        with self._lock:
            self._document["progress"] = progress
        self._changed()

    def message(self, text: str) -> None:
        """Add a message; those after `MOST_MESSAGES` are left out, since each publication has all of them."""
        with self._lock:
            messages = self._document["messages"]
            if len(messages) > MOST_MESSAGES:
                return
            last = "further messages are left out"
            messages.append({"message": text if len(messages) < MOST_MESSAGES else last, "time": _now()})
        self._changed()

    def warning(self, text: str) -> None:
        """Add a warning about the result."""
        with self._lock:
            self._document.setdefault("warnings", []).append(text)
        self._changed()

    def input_metadata(self, name: str, metadata: Mapping[str, JsonValue]) -> None:
        """Report the metadata of an input."""
        with self._lock:
            self._document["inputs"][name] = dict(metadata)
        self._changed()

    def job_metadata(self, metadata: MetadataReport) -> None:
        """Report the amount that was analysed; sent at once, because it is not part of the document."""
        self._amount(metadata)

    def posted(self, output: str, data_id: str) -> None:
        """Record that the output ``output`` is now the data ``data_id`` of the owner."""
        with self._lock:
            self._document["posted_data"][output] = data_id

    def complete(self) -> bytes:
        """Return the final document of a successful job. Nothing is published afterwards."""
        return self._end(TaskState.COMPLETE, "complete_time", "Task complete", JobFailureType.NONE)

    def fail(self, failure_type: JobFailureType, text: str) -> bytes:
        """Return the final document of a failed job. Nothing is published afterwards."""
        return self._end(TaskState.FAILED, "fail_time", text, failure_type)

    def _end(self, state: TaskState, key: str, text: str, failure_type: JobFailureType) -> bytes:
        with self._lock:
            self._ended = True
            if self._timer is not None:
                self._timer.cancel()
            now = _now()
            end = {"state": state.value, "failure_type": failure_type.value, key: now}
            messages = [*self._document["messages"], {"message": text, "time": now}]
            # A copy: a job whose output is rejected fails after it was complete.
            document: TaskStatusDocument = {**self._document, **end, "messages": messages}  # type: ignore[typeddict-item]
            return _serialised(document)

    def _changed(self) -> None:
        """Publish now, or schedule it for the end of the interval."""
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
        """Publish while holding the lock, so that an older document never replaces a newer one or the final one."""
        self._publish(_serialised(self._document))
        self._due_at = time.monotonic() + PROGRESS_INTERVAL_SECONDS


def _serialised(document: TaskStatusDocument) -> bytes:
    # Metadata of an analytic may hold values that JSON lacks, such as NumPy numbers: write their text.
    content = json.dumps(document, indent=4, default=str).encode()
    if len(content) <= LARGEST_BYTES:
        return content
    messages, warnings = document["messages"][-KEPT_TEXTS:], document.get("warnings", [])[-KEPT_TEXTS:]
    shortened: TaskStatusDocument = {**document, "messages": messages, "warnings": warnings}
    return json.dumps(shortened, indent=4, default=str).encode()


def _now() -> str:
    """Return the current time in the format of the contract: naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat()
