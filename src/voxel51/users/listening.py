"""Hearing of the end of jobs, where the platform tells of it; see https://html.spec.whatwg.org/#server-sent-events."""

import json
from collections.abc import Collection, Mapping

from voxel51.transport.errors import APIError, ConnectionFailed, TimedOut
from voxel51.transport.messages import EVENT_STREAM
from voxel51.users.calls import events
from voxel51.users.flows import Flow, Receive
from voxel51.wire.events import GAP, EventName

FIRST_WORD_SECONDS = 5.0
"""How long a platform may take to begin: one that keeps silent has something between us that holds its words back."""

LONGEST_SECONDS = 60.0
"""How long one listens before the jobs are looked at all the same."""

_MOST_CUTS = 3
_LONGEST_BLOCK_BYTES = 1024 * 1024
_ENDING = {EventName.COMPLETE.value, EventName.FAILED.value, EventName.DELETED.value, GAP}
_GOING_ON = {EventName.RUNNING.value, EventName.PROGRESS.value, EventName.MESSAGE.value}


class RelevantEvent(Exception):
    """It is time to look at the jobs.

    Attributes:
        job_id: the one that something happened to; None where it may be any.
    """

    def __init__(self, job_id: str | None = None) -> None:
        super().__init__(job_id)
        self.job_id = job_id


class EventStreamParser:
    """Takes a stream of events, and raises `RelevantEvent` at the first that matters.

    Attributes:
        last_id: of the last event that came; None before the first.
    """

    def __init__(self, last_id: int | None, names: Collection[str]) -> None:
        self.last_id = last_id
        self._names = names
        self._is_placed = last_id is not None
        self._pending = b""

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The stream begins.

        Raises:
            APIError: it is none.
        """
        if not headers.get("content-type", "").startswith(EVENT_STREAM):
            raise APIError("the platform tells no events", status)

    def take(self, chunk: bytes) -> None:
        """The next piece, cut anywhere."""
        *blocks, self._pending = (self._pending + chunk).replace(b"\r\n", b"\n").split(b"\n\n")
        if len(self._pending) > _LONGEST_BLOCK_BYTES:
            raise APIError("the platform tells events without an end", 0)
        for block in blocks:
            self._take_block(block.decode(errors="replace"))

    def _take_block(self, block: str) -> None:
        fields = dict(line.partition(": ")[::2] for line in block.split("\n") if not line.startswith(":"))
        if fields.get("id", "").isdigit():
            self.last_id = int(fields["id"])
        # The first id says from where on one hears everything. What was before, a look must tell.
        is_first, self._is_placed = not self._is_placed, self._is_placed or self.last_id is not None
        if is_first and self._is_placed:
            raise RelevantEvent
        if fields.get("event") in self._names:
            raise RelevantEvent(_job_of(fields))


def _job_of(fields: Mapping[str, str]) -> str | None:
    try:
        job_id = json.loads(fields.get("data", "")).get("job_id")
    except (ValueError, AttributeError, RecursionError):
        return None
    return job_id if isinstance(job_id, str) else None


class JobEventListener:
    """Waits for news of jobs, and gives up where there are none to be had.

    Attributes:
        is_unavailable: whether the event stream cannot be used: an old platform, too many readers, or repeated cuts.
    """

    def __init__(self, wants_progress: bool) -> None:
        self.is_unavailable = False
        self._names = _ENDING | _GOING_ON if wants_progress else _ENDING
        self._last_id: int | None = None
        self._cuts = 0

    def wait(self, job_ids: Collection[str], seconds: float) -> Flow[list[str]]:
        """Return those of the jobs that are worth a look once some are, and all of them after ``seconds``.

        What happens between two waits is told at the second.
        """
        news = list(job_ids)
        is_begun = self._last_id is not None
        ears = EventStreamParser(self._last_id, self._names)
        limit = min(seconds, LONGEST_SECONDS if is_begun else FIRST_WORD_SECONDS)
        try:
            yield Receive(events.listen(job_ids, self._last_id), ears, limit)
            self._note_cut()
        except RelevantEvent as heard:
            self._cuts = 0
            if heard.job_id is not None:
                news = [job_id for job_id in job_ids if job_id == heard.job_id]
        except TimedOut:
            self.is_unavailable = ears.last_id is None and limit < seconds
        except ConnectionFailed:
            self._note_cut()
        except APIError:
            self.is_unavailable = True
        self._last_id = ears.last_id
        return news

    def _note_cut(self) -> None:
        self._cuts += 1
        self.is_unavailable = self._cuts >= _MOST_CUTS
