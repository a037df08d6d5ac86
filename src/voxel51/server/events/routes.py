"""The route of live events."""

import re
from collections.abc import AsyncGenerator, Iterable

from voxel51.server.errors import BadRequest
from voxel51.server.events.feed import Feed, StreamStart
from voxel51.server.http.route import Call, EventStream, Header, Route, ServerSentEvent
from voxel51.server.parameters import QueryParameter
from voxel51.wire import dates
from voxel51.wire.events import GAP, Event, Gap

_SILENCE_SECONDS = 5.0
_MOST_JOBS = 1000
_LAST_ID = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
_ARGUMENTS = {
    "last_event_id": QueryParameter("go on after this event; without it, from now on", _LAST_ID),
    "jobs": QueryParameter("ids of the jobs to follow, joined by commas; without it, all", {"type": "string"}),
}


def event_routes(feed: Feed) -> Iterable[Route]:
    """The route by which users follow their jobs."""

    def follow(call: Call) -> EventStream:
        job_ids = [job_id for job_id in call.arguments.get("jobs", "").split(",") if job_id]
        if len(job_ids) > _MOST_JOBS:
            raise BadRequest(f"{len(job_ids)} jobs are too many to follow by name; take {_MOST_JOBS}, or all")
        last_id = _event_id(call.headers.get("last-event-id") or call.arguments.get("last_event_id"))

        async def begin() -> AsyncGenerator[ServerSentEvent | None, None]:
            return _messages(await feed.listen(call.caller.id, job_ids, last_id, _SILENCE_SECONDS))

        return EventStream(begin)

    return [
        Route(
            "GET",
            "/events",
            follow,
            "What happens to your jobs, as it happens (Server-Sent Events)",
            answers=EventStream,
            errors=(400, 429),
            takes_arguments=_ARGUMENTS,
            takes_headers={"Last-Event-ID": Header("the same, as browsers send it", "^[0-9]{1,18}$")},
        )
    ]


async def _messages(
    events: AsyncGenerator[StreamStart | Event | None, None],
) -> AsyncGenerator[ServerSentEvent | None, None]:
    async for event in events:
        if isinstance(event, StreamStart):
            yield _beginning(event)
        else:
            yield None if event is None else ServerSentEvent(event["id"], event["event"], event)


def _beginning(start: StreamStart) -> ServerSentEvent:
    """Tells the id from which to resume, so that whoever is cut off before the first event misses nothing either."""
    if not start.gap:
        return ServerSentEvent(start.event_id, "", None)
    message = f"Events up to {start.event_id} may be missing here; look at the jobs themselves"
    gap: Gap = {"id": start.event_id, "event": GAP, "date": dates.to_text(dates.now()), "message": message}
    return ServerSentEvent(start.event_id, GAP, gap)


def _event_id(text: str | None) -> int | None:
    if text is None or text == "":
        return None
    if not re.fullmatch("[0-9]{1,18}", text):
        raise BadRequest(f"{text!r} is not the id of an event; give the last id that came, or none")
    return int(text)
