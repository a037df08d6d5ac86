"""Event stream of jobs: read the server-sent events of the platform to learn that a job ended, and its record.

The format is that of https://html.spec.whatwg.org/#server-sent-events.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from voxel51.transport.errors import APIError, ConnectionFailed, ServerFailed, TimedOut
from voxel51.transport.messages import EVENT_STREAM
from voxel51.users.calls import platform
from voxel51.users.flows import Flow, Receive
from voxel51.wire.events import ENDED_JOBS, GAP, EventName
from voxel51.wire.jobs import JobRecord

FIRST_EVENT_SECONDS = 5.0
"""The time limit for the first event of a stream. A stream without one is buffered by a proxy on the way."""

LONGEST_SECONDS = 60.0
"""The time after which the jobs are polled even if no event arrived."""

_MAX_CUTS = 3
_MAX_BLOCK_BYTES = 1024 * 1024
_END_EVENTS = {EventName.COMPLETE.value, EventName.FAILED.value, EventName.DELETED.value, GAP}
_PROGRESS_EVENTS = {EventName.RUNNING.value, EventName.PROGRESS.value, EventName.MESSAGE.value}


@dataclass(frozen=True, slots=True)
class JobNews:
    """News of jobs.

    Attributes:
        ended: records of jobs that have ended.
        unclear: ids of jobs whose records must be fetched to know more.
    """

    ended: Mapping[str, JobRecord]
    unclear: list[str]


class RelevantEvent(Exception):
    """Signal from the parser that there is news of jobs. It ends the stream.

    Attributes:
        ended: records of jobs that have ended.
        unclear: ids of jobs that the news is about without their records; None if it may concern any job.
    """

    def __init__(self, ended: Iterable[JobRecord] = (), unclear: Collection[str] | None = ()) -> None:
        super().__init__()
        self.ended: Mapping[str, JobRecord] = {record["id"]: record for record in ended}
        self.unclear: Collection[str] | None = unclear


class EventStreamParser:
    """Parser of a stream of server-sent events, which raises `RelevantEvent` at the first relevant event.

    Args:
        last_id: the id of the last event of the stream before; None without one.
        names: the names of relevant events.

    Attributes:
        last_id: the id of the last event that arrived; None before the first.
    """

    def __init__(self, last_id: int | None, names: Collection[str]) -> None:
        self.last_id = last_id
        self._names = names
        self._has_position = last_id is not None
        self._pending = b""

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Check the head of the response.

        Raises:
            APIError: the response is not an event stream.
        """
        if not headers.get("content-type", "").startswith(EVENT_STREAM):
            raise APIError("the platform has no event stream", status)

    def take(self, chunk: bytes) -> None:
        """Parse the next bytes of the stream, which may be cut anywhere."""
        *blocks, self._pending = (self._pending + chunk).replace(b"\r\n", b"\n").split(b"\n\n")
        if len(self._pending) > _MAX_BLOCK_BYTES:
            raise APIError(f"the platform sent an event of more than {_MAX_BLOCK_BYTES} bytes", 0)
        for block in blocks:
            self._take_block(block.decode(errors="replace"))

    def _take_block(self, block: str) -> None:
        fields = dict(line.partition(": ")[::2] for line in block.split("\n") if not line.startswith(":"))
        if fields.get("id", "").isdigit():
            self.last_id = int(fields["id"])
        is_first, self._has_position = not self._has_position, self._has_position or self.last_id is not None
        name, document = fields.get("event"), _document_of(fields)
        if name == ENDED_JOBS:
            if document.get("jobs") or document.get("missing"):
                raise RelevantEvent(document["jobs"], document["missing"])
        elif is_first and self._has_position:
            # From the first id on, no event is missed. Jobs that ended before it must be found by a poll.
            raise RelevantEvent(unclear=None)
        elif name in self._names:
            job_id = document.get("job_id")
            raise RelevantEvent([document["job"]]) if "job" in document else RelevantEvent(unclear=job_id and [job_id])


def _document_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON object in the data of an event; an empty one if it is none."""
    try:
        document = json.loads(fields.get("data", ""))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


class JobEventListener:
    """Reader of job events that waits for news of some jobs. The platform sends the records of those that have ended.

    Attributes:
        is_unavailable: whether the event stream cannot be used: an old platform, too many readers, or repeated cuts.
    """

    def __init__(self, wants_progress: bool) -> None:
        self.is_unavailable: bool = False
        self._names = _END_EVENTS | _PROGRESS_EVENTS if wants_progress else _END_EVENTS
        self._last_id: int | None = None
        self._cuts = 0

    def wait(self, job_ids: Collection[str], seconds: float) -> Flow[JobNews]:
        """Return news of the jobs as soon as there is some; after ``seconds``, all of them are unclear.

        The stream resumes after the last event of the call before, so no event between two calls is lost.

        Raises:
            ServerFailed: the platform is unavailable.
        """
        news = JobNews({}, list(job_ids))
        is_resumed = self._last_id is not None
        parser = EventStreamParser(self._last_id, self._names)
        limit = min(seconds, LONGEST_SECONDS if is_resumed else FIRST_EVENT_SECONDS)
        try:
            yield Receive(platform.events(job_ids, self._last_id), parser, limit)
            self._count_cut()
        except RelevantEvent as event:
            self._cuts = 0
            if event.unclear is not None:
                news = JobNews(event.ended, [job_id for job_id in job_ids if job_id in event.unclear])
        except TimedOut:
            self.is_unavailable = parser.last_id is None and limit < seconds
        except ConnectionFailed:
            self._count_cut()
        except ServerFailed:
            self._count_cut()
            raise
        except APIError:
            self.is_unavailable = True
        self._last_id = parser.last_id
        return news

    def _count_cut(self) -> None:
        self._cuts += 1
        self.is_unavailable = self._cuts >= _MAX_CUTS
