"""Status documents of jobs: check what attempts write, complete it with the platform's knowledge, and derive events."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from voxel51.server.database.types import DatabaseRecord
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.status_messages import messages_of, read_status, text_of
from voxel51.server.jobs.transitions import ENDED
from voxel51.server.json_documents import parse_json_object
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobState
from voxel51.wire.tasks import Progress, TaskState, TaskStatusDocument

PARTS_SHARE = 0.9
"""Share of the progress of a split job that its parts make. The rest is the merge, so progress never falls back."""

MAX_STATUS_BYTES = 2 * 1024 * 1024
"""Size of the largest status document, which each list of jobs reads. The SDK sends half as much at most."""

MAX_STATUS_VALUES = 200_000
"""Limit of the values in a status document: thousands of times as many as in usual ones."""

_MAX_MESSAGES = 20


def check_status(content: bytes) -> str:
    """Return the text of a status document that an attempt wrote.

    Raises:
        BadRequest: the content is not a JSON object that could be passed on, or takes too long to read.
    """
    # Counted before they are parsed: megabytes of tiny values take seconds, in which the interpreter does nothing else.
    values = sum(map(content.count, (b",", b"[", b"{")))
    if values > MAX_STATUS_VALUES:
        raise BadRequest(f"The status has {values} values; {MAX_STATUS_VALUES} are allowed. Report fewer messages.")
    parse_json_object("status", content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The status is not UTF-8: {error}") from None


def is_final(text: str) -> bool:
    """Return whether a status document is the last one of its attempt, according to its state."""
    state = read_status(text).get("state")
    return isinstance(state, str) and state in ENDED


def status_of(job: DatabaseRecord) -> dict[str, object]:
    """Return the status document of a job that was started.

    The document of the attempt is returned unchanged unless the platform knows better how the job ended: a job that
    crashed or was killed could not write it. A job that waits after a lost attempt has a message about it.
    """
    document: dict[str, object] = json.loads(job["status_text"]) if job["status_text"] else dict(_empty(job))
    state = JobState(job["state"])
    if state in ENDED and document.get("state") != state:
        document["state"] = state.value
        document["failure_type"] = job["failure_type"]
        moment = _naive(job["fail_date"] or job["completion_date"])
        document["fail_time" if state == JobState.FAILED else "complete_time"] = moment
        _add_message(document, job, moment)
    elif state == JobState.QUEUED:
        _add_message(document, job, _naive(job["retry_at"]))
    return document


def _add_message(document: dict[str, object], job: DatabaseRecord, moment: str | None) -> None:
    """Add the platform's own message about a job, if it has one."""
    if job["failure_message"]:
        document["messages"] = [*messages_of(document), {"message": job["failure_message"], "time": moment}]


def final_message(job: DatabaseRecord) -> str | None:
    """Return the last message of the status document of a job: how it ended, if it failed."""
    messages = messages_of(status_of(job))
    return text_of(messages[-1]) if messages else None


def events_of_status(before: str | None, after: str) -> Iterator[tuple[EventName, dict[str, object]]]:
    """Yield events for what the status document ``after`` adds to the one ``before``.

    Both may come from any container, so their form is not trusted, and the amount passed on is limited.
    """
    old, new = read_status(before), read_status(after)
    known = len(messages_of(old))
    for message in messages_of(new)[known:][-_MAX_MESSAGES:]:
        text = text_of(message)
        if text is not None:
            yield EventName.MESSAGE, {"message": text}
    progress = _progress(new)
    if progress and progress != _progress(old):
        yield EventName.PROGRESS, {"progress": progress}


def of_merge(text: str) -> str:
    """Return the status document of an attempt that merges parts, with its progress after that of the parts."""
    document = read_status(text)
    reported = _progress(document)
    fraction = PARTS_SHARE + (1 - PARTS_SHARE) * max(0.0, min(1.0, reported.get("fraction", 0.0)))
    document["progress"] = {"message": "Merging the parts", **reported, "fraction": round(fraction, 4)}
    return json.dumps(document)


def progress_of(text: str | None) -> Progress | None:
    """Return the progress in the text of a status document; None if it reports none."""
    return _progress(read_status(text)) or None


def _progress(document: Mapping[str, object]) -> Progress:
    reported = document.get("progress")
    progress: Progress = {}
    if not isinstance(reported, dict):
        return progress
    for name in ("fraction", "frames_done", "frames_total"):
        number = reported.get(name)
        if isinstance(number, int | float) and not isinstance(number, bool):
            progress[name] = number
    text = text_of(reported)
    if text is not None:
        progress["message"] = text
    return progress


def _empty(job: DatabaseRecord) -> TaskStatusDocument:
    return {
        "analytic": job["request"]["analytic"],
        "version": job["version"],
        "state": (TaskState.RUNNING if job["state"] == JobState.RUNNING else TaskState.SCHEDULED).value,
        "start_time": _naive(job["start_date"]),
        "complete_time": None,
        "fail_time": None,
        "failure_type": "NONE",
        "messages": [],
        "inputs": {},
        "posted_data": {},
    }


def _naive(moment: datetime | None) -> str | None:
    """Return a time as old clients expect it: UTC, without the offset."""
    return None if moment is None else moment.replace(tzinfo=None).isoformat()
