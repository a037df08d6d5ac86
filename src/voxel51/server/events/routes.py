"""Event routes: follow jobs live, as Server-Sent Events."""

import re
from collections.abc import AsyncGenerator, Iterable

from voxel51.server.accounts.access import BY_USER
from voxel51.server.accounts.callers import User
from voxel51.server.errors import BadRequest
from voxel51.server.events.feed import Feed, StreamStart
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import EventStream, ServerSentEvent, ServerSentEvents
from voxel51.server.http.route import Headers, RequestHeader, Route, route
from voxel51.server.parameters import QueryParameter
from voxel51.wire import dates
from voxel51.wire.events import GAP, Event, Gap

_KEEP_ALIVE_SECONDS = 5.0
_MAX_JOBS = 1000
_EVENT_ID = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
_PARAMETERS = {
    "last_event_id": QueryParameter("resume after this event; default: start with the next one", _EVENT_ID),
    "jobs": QueryParameter("ids of the jobs to follow, separated by commas; default: all", {"type": "string"}),
}
_HEADERS = Headers(
    request={"Last-Event-ID": RequestHeader("the same as last_event_id, as browsers send it", "^[0-9]{1,18}$")}
)


def event_routes(feed: Feed) -> Iterable[Route]:
    """Return the route by which users follow their jobs."""

    def follow(context: RequestContext[User]) -> EventStream:
        job_ids = [job_id for job_id in context.query_params.get("jobs", "").split(",") if job_id]
        if len(job_ids) > _MAX_JOBS:
            raise BadRequest(f"{len(job_ids)} jobs are too many to follow by name; take {_MAX_JOBS}, or all")
        last_id = _event_id(context.headers.get("last-event-id") or context.query_params.get("last_event_id"))

        async def begin() -> ServerSentEvents:
            return _messages(await feed.listen(context.caller.id, job_ids, last_id, _KEEP_ALIVE_SECONDS))

        return EventStream(begin)

    summary = "Follow your jobs live (Server-Sent Events)"
    return [
        route("GET", "/events", follow, summary, BY_USER, answers=EventStream, errors=(400, 429),
              parameters=_PARAMETERS, headers=_HEADERS),
    ]  # fmt: skip


async def _messages(events: AsyncGenerator[StreamStart | Event | None, None]) -> ServerSentEvents:
    async for event in events:
        if isinstance(event, StreamStart):
            yield _first_message(event)
        else:
            yield None if event is None else ServerSentEvent(event["id"], event["event"], event)


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
