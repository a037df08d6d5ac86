"""The status document of a job: as its attempt wrote it, or made up for one that wrote none."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from voxel51.server.errors import BadRequest
from voxel51.server.jobs.transitions import ENDED
from voxel51.server.json_documents import parse_json_object
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobState
from voxel51.wire.tasks import Progress, TaskState, TaskStatusDocument

_MOST_MESSAGES = 20
_LONGEST_MESSAGE = 2000


def check_status(content: bytes) -> str:
    """The text of a status document that an attempt wrote.

    Raises:
        BadRequest: it is no JSON object that could be handed out.
    """
    parse_json_object("status", content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The status is not UTF-8: {error}") from None


def status_of(job: RowMapping) -> dict[str, Any]:
    """The status document of a job that was started.

    What the attempt wrote is returned as it is, unless the platform knows better how it ended: a job that crashed
    or was killed could not say so itself.
    """
    document: dict[str, Any] = json.loads(job["status_text"]) if job["status_text"] else dict(_empty(job))
    state = JobState(job["state"])
    if state in ENDED and document.get("state") != state:
        document["state"] = state.value
        document["failure_type"] = job["failure_type"]
        moment = _naive(job["fail_date"] or job["completion_date"])
        document["fail_time" if state == JobState.FAILED else "complete_time"] = moment
        if job["failure_message"]:
            messages = document.get("messages")
            messages = messages if isinstance(messages, list) else []
            document["messages"] = [*messages, {"message": job["failure_message"], "time": moment}]
    return document


def news_of(before: str | None, after: str) -> Iterator[tuple[EventName, dict[str, Any]]]:
    """What the status document ``after`` tells that the one ``before`` did not, as events.

    Anybody's container may have written either, so nothing of their form is taken for granted, and little is passed on.
    """
    old, new = (_read(text) for text in (before, after))
    known = len(_messages(old))
    for message in _messages(new)[known:][-_MOST_MESSAGES:]:
        if isinstance(message, dict) and isinstance(message.get("message"), str):
            yield EventName.MESSAGE, {"message": message["message"][:_LONGEST_MESSAGE]}
    progress = _progress(new)
    if progress and progress != _progress(old):
        yield EventName.PROGRESS, {"progress": progress}


def progress_of(text: str | None) -> Progress | None:
    """How far the attempt that wrote this status document said it is; None where it said nothing of it."""
    progress: Progress = _progress(_read(text))  # type: ignore[assignment]  # its keys are those of the shape
    return progress or None


def last_message(text: str | None) -> str | None:
    """The last that the attempt which wrote this status document said."""
    for message in reversed(_messages(_read(text))):
        if isinstance(message, dict) and isinstance(message.get("message"), str):
            return str(message["message"][:_LONGEST_MESSAGE])
    return None


def _read(text: str | None) -> dict[str, Any]:
    document = json.loads(text) if text else {}
    return document if isinstance(document, dict) else {}


def _messages(document: dict[str, Any]) -> list[Any]:
    messages = document.get("messages")
    return messages if isinstance(messages, list) else []


def _progress(document: dict[str, Any]) -> dict[str, Any]:
    told = document.get("progress")
    if not isinstance(told, dict):
        return {}
    progress = {
        name: told[name]
        for name in ("fraction", "frames_done", "frames_total")
        if isinstance(told.get(name), int | float) and not isinstance(told[name], bool)
    }
    if isinstance(told.get("message"), str):
        progress["message"] = told["message"][:_LONGEST_MESSAGE]
    return progress


def _empty(job: RowMapping) -> TaskStatusDocument:
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
    return None if moment is None else moment.replace(tzinfo=None).isoformat()
