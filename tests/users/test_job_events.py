"""Job events: the parser, and waiting with and without an event stream."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from support.accounts import User
from support.loopback_server import Loopback, Received, Reply
from support.platforms import NO_OP, PATIENT
from support.submissions import submit
from support.waiting import DEADLINE_SLACK_SECONDS, LIMIT_SECONDS
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.users.async_api import AsyncAPI
from voxel51.users.auth import Token
from voxel51.users.job_events import EventStreamParser, RelevantEvent
from voxel51.users.jobs import WaitTimedOut

STREAM = {"Content-Type": "text/event-stream"}
STREAMED = (
    b"retry: 1000\n\nid: 7\n\n:\n\n"
    b'id: 8\nevent: job_progress\ndata: {"id":8}\n\n'
    b'id: 9\nevent: job_complete\ndata: {"id":9}\n\n'
)


@pytest.fixture
def own(shared_user: User) -> Iterator[API]:
    with API(Token.from_json(shared_user.token)) as client:
        yield client


@pytest.mark.parametrize("size", range(1, len(STREAMED) + 1, 7))
def test_the_parser_accepts_a_stream_cut_anywhere(size: int) -> None:
    parser, positions = EventStreamParser(None, {"job_complete"}), []
    for start in range(0, len(STREAMED), size):
        try:
            parser.take(STREAMED[start : start + size])
        except RelevantEvent:
            positions.append(parser.last_id)
            break
    assert positions == [7]
    resumed = EventStreamParser(7, {"job_complete"})
    with pytest.raises(RelevantEvent):
        for start in range(0, len(STREAMED), size):
            resumed.take(STREAMED[start : start + size])
    assert resumed.last_id == 9


def test_other_responses_and_endless_events_are_rejected() -> None:
    with pytest.raises(APIError, match="no event stream"):
        EventStreamParser(None, set()).begin(200, {"content-type": "application/json"})
    with pytest.raises(APIError, match="an event of more than"):
        EventStreamParser(None, set()).take(b"x" * 1024 * 1025)


def test_a_long_job_is_waited_for_by_events_with_few_polls(own: API, monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[str] = []
    request = own._request

    def record(call: Any, timeout_seconds: float | None = None) -> Any:
        requested.append(call.path)
        return request(call, timeout_seconds)

    monkeypatch.setattr(own, "_request", record)
    job_id = submit(own, PATIENT, seconds=8)
    started = time.monotonic()

    own.wait_until_job_completes(job_id, sleep_time=600, max_wait_time=60)

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS
    # The first stream ends after a few seconds: a proxy on the way may hold events back.
    assert [path.partition("?")[0] for path in requested] == ["jobs", "events", f"jobs/{job_id}", "events"]


def test_a_short_job_takes_one_request_after_its_submission(own: API, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = submit(own, NO_OP)
    requested: list[str] = []
    request = own._request
    monkeypatch.setattr(own, "_request", lambda call, *limit: requested.append(call.path) or request(call, *limit))

    [ended] = own.wait(job_id, timeout=LIMIT_SECONDS)

    assert [path.partition("?")[0] for path in requested] == ["events"]
    assert ended == own.get_job_details(job_id)


def test_several_jobs_are_reported_as_they_end(own: API) -> None:
    jobs = [submit(own, PATIENT, seconds=seconds) for seconds in (3, 2)]

    ended = [job["id"] for job in own.wait(jobs, timeout=60)]

    assert sorted(ended) == sorted(jobs)


def test_the_async_client_reads_events(shared_user: User) -> None:
    async def wait() -> list[str]:
        async with AsyncAPI(Token.from_json(shared_user.token)) as client:
            with API(Token.from_json(shared_user.token)) as plain:
                jobs = [submit(plain, PATIENT, seconds=3)]
            return [job["state"] async for job in client.wait(jobs, timeout=60)]

    assert asyncio.run(wait()) == ["COMPLETE"]


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize(
    "events",
    [
        Reply.error(404, "not found"),
        Reply.error(403, "forbidden"),
        Reply.error(429, "too many streams"),
        Reply.of({"jobs": []}),
        Reply(body=b"", headers=STREAM),
        Reply(body=b"id: 5\n\n", headers=STREAM, cut_after=4),
    ],
    ids=["old platform", "forbidden", "too many", "no stream", "ends at once", "cut"],
)
def test_without_an_event_stream_jobs_are_polled(api: API, loopback: Loopback, events: Reply) -> None:
    polls = 0

    def choose(request: Received) -> Reply:
        nonlocal polls
        if request.path.startswith("/v1/events"):
            return events
        polls += 1
        return Reply.of({"job": {"id": "j1", "state": "COMPLETE" if polls > 10 else "RUNNING"}})

    loopback.choose = choose

    assert [job["id"] for job in api.wait(["j1"], timeout=30)] == ["j1"]
    assert sum(request.path.startswith("/v1/events") for request in loopback.requests) <= 4


@pytest.mark.alone
def test_a_stream_that_falls_silent_does_not_delay_the_deadline(api: API, loopback: Loopback) -> None:
    never = threading.Event()
    running = Reply.of({"job": {"id": "j1", "state": "RUNNING"}})
    silent = Reply(body=b"id: 5\n\n", headers=STREAM, until=never)
    loopback.choose = lambda request: silent if request.path.startswith("/v1/events") else running
    started = time.monotonic()

    with pytest.raises(WaitTimedOut):
        list(api.wait(["j1"], timeout=1))

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS
    never.set()
