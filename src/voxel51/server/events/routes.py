"""Event stream routes: follow jobs live by server-sent events."""

import re
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

from anyio import to_thread

from voxel51.server.accounts.access import BY_USER
from voxel51.server.accounts.callers import User
from voxel51.server.errors import BadRequest
from voxel51.server.events.feed import Feed, StreamStart
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import EventStream, ServerSentEvent, ServerSentEvents
from voxel51.server.http.route import Headers, RequestHeader, Route, route
from voxel51.server.outcomes import Outcomes
from voxel51.server.parameters import QueryParameter
from voxel51.wire import dates
from voxel51.wire.events import ENDED_JOBS, GAP, EndedJobs, Event, EventName, Gap
from voxel51.wire.jobs import JobRecord, JobState

_KEEP_ALIVE_SECONDS = 5.0
_MAX_JOBS = 1000
_EVENT_ID = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
_END_EVENTS = {EventName.COMPLETE, EventName.FAILED}
_ENDED = {JobState.COMPLETE, JobState.FAILED}
_PARAMETERS = {
    "last_event_id": QueryParameter("resume after this event; default: start with the next one", _EVENT_ID),
    "jobs": QueryParameter("ids of the jobs to follow, separated by commas; default: all", {"type": "string"}),
    "records": QueryParameter(
        "true: begin with the records of those `jobs` that have ended, and add its record to the event of a job's end",
        {"type": "boolean"},
    ),
}
_HEADERS = Headers(
    request={"Last-Event-ID": RequestHeader("the same as last_event_id, as browsers send it", "^[0-9]{1,18}$")}
)


JobDetails = Callable[[User, Sequence[str]], Outcomes[JobRecord]]
"""Returns the records of the user's jobs with these ids."""


def event_routes(feed: Feed, details: JobDetails) -> Iterable[Route]:
    """Return the route by which users follow their jobs."""

    def follow(context: RequestContext[User]) -> EventStream:
        job_ids = [job_id for job_id in context.query_params.get("jobs", "").split(",") if job_id]
        if len(job_ids) > _MAX_JOBS:
            raise BadRequest(f"{len(job_ids)} jobs are too many to follow by name; take {_MAX_JOBS}, or all")
        last_id = _event_id(context.headers.get("last-event-id") or context.query_params.get("last_event_id"))
        has_records = context.query_params.get("records") == "true"
        records = _Records(details, context.caller, job_ids) if has_records else None

        async def begin() -> ServerSentEvents:
            return _messages(await feed.listen(context.caller.id, job_ids, last_id, _KEEP_ALIVE_SECONDS), records)

        return EventStream(begin)

    summary = "Follow your jobs live (Server-Sent Events)"
    return [
        route("GET", "/events", follow, summary, BY_USER, answers=EventStream, errors=(400, 429),
              parameters=_PARAMETERS, headers=_HEADERS),
    ]  # fmt: skip


class _Records:
    """Records of jobs that have ended, for a stream of ``user`` about the jobs ``job_ids``."""

    def __init__(self, details: JobDetails, user: User, job_ids: Sequence[str]) -> None:
        self._details = details
        self._user = user
        self._job_ids = job_ids

    async def first_message(self, start: StreamStart) -> ServerSentEvent:
        """Return the message about the jobs that have ended. The stream has begun: later ends follow as events."""
        found = await to_thread.run_sync(self._details, self._user, self._job_ids)
        records = [each for each in found.values() if not isinstance(each, Exception)]
        ended: EndedJobs = {
            "id": start.event_id,
            "event": ENDED_JOBS,
            "date": dates.to_text(dates.now()),
            "jobs": [record for record in records if record["state"] in _ENDED],
            "missing": [job_id for job_id, each in found.items() if isinstance(each, Exception)],
        }
        return ServerSentEvent(start.event_id, ENDED_JOBS, ended)

    async def added_to(self, event: Event) -> Event:
        """Return the event, with the record of its job if the job has ended by it."""
        if event["event"] not in _END_EVENTS:
            return event
        found = (await to_thread.run_sync(self._details, self._user, [event["job_id"]]))[event["job_id"]]
        return event if isinstance(found, Exception) else {**event, "job": found}


async def _messages(
    events: AsyncGenerator[StreamStart | Event | None, None], records: _Records | None
) -> ServerSentEvents:
    async for event in events:
        if event is None:
            yield None
        elif isinstance(event, StreamStart):
            yield _first_message(event) if records is None else await records.first_message(event)
        else:
            yield ServerSentEvent(
                event["id"], event["event"], event if records is None else await records.added_to(event)
            )


def _first_message(start: StreamStart) -> ServerSentEvent:
    """Return the message with the id to resume from, so that a client cut off before the first event misses none."""
    if not start.gap:
        return ServerSentEvent(start.event_id, "", None)
    message = f"Events up to {start.event_id} may be missing here; look at the jobs themselves"
    gap: Gap = {"id": start.event_id, "event": GAP, "date": dates.to_text(dates.now()), "message": message}
    return ServerSentEvent(start.event_id, GAP, gap)


def _event_id(text: str | None) -> int | None:
    if text is None or text == "":
        return None
    if not re.fullmatch("[0-9]{1,18}", text):
        raise BadRequest(f"{text!r} is not the id of an event; send the last id that you received, or none")
    return int(text)
