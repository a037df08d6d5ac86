"""Hearing of the end of jobs from the platform, and looking at them where it does not tell."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from support.accounts import User
from support.loopback_server import Loopback, Received, Reply
from support.platforms import PATIENT
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.users.async_api import AsyncAPI
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest, WaitTimedOut
from voxel51.users.listening import EventStreamParser, RelevantEvent

STREAM = {"Content-Type": "text/event-stream"}
TOLD = (
    b"retry: 1000\n\nid: 7\n\n:\n\n"
    b'id: 8\nevent: job_progress\ndata: {"id":8}\n\n'
    b'id: 9\nevent: job_complete\ndata: {"id":9}\n\n'
)


@pytest.fixture
def own(shared_user: User) -> Iterator[API]:
    with API(Token.from_json(shared_user.token)) as client:
        yield client


def submit(api: API, seconds: float) -> str:
    request = JobRequest(PATIENT)
    request.set_parameter("seconds", seconds)
    return api.upload_job_request(request, "to be listened for", auto_start=True)["id"]


@pytest.mark.parametrize("size", range(1, len(TOLD) + 1, 7))
def test_a_stream_may_be_cut_anywhere(size: int) -> None:
    ears, heard = EventStreamParser(None, {"job_complete"}), []
    for start in range(0, len(TOLD), size):
        try:
            ears.take(TOLD[start : start + size])
        except RelevantEvent:
            heard.append(ears.last_id)
            break
    assert heard == [7]
    resumed = EventStreamParser(7, {"job_complete"})
    with pytest.raises(RelevantEvent):
        for start in range(0, len(TOLD), size):
            resumed.take(TOLD[start : start + size])
    assert resumed.last_id == 9


def test_what_is_no_stream_is_refused() -> None:
    with pytest.raises(APIError, match="no events"):
        EventStreamParser(None, set()).begin(200, {"content-type": "application/json"})
    with pytest.raises(APIError, match="without an end"):
        EventStreamParser(None, set()).take(b"x" * 1024 * 1025)


def test_a_job_that_takes_long_is_listened_for_and_hardly_looked_at(own: API, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    request = own._request

    def counted(call: Any, timeout_seconds: float | None = None) -> Any:
        asked.append(call.path)
        return request(call, timeout_seconds)

    monkeypatch.setattr(own, "_request", counted)
    job_id = submit(own, 8)
    started = time.monotonic()

    own.wait_until_job_completes(job_id, sleep_time=600, max_wait_time=60)

    assert time.monotonic() - started < 20
    listened = [path for path in asked if path.startswith("events")]
    assert 2 <= len(listened) <= 4
    assert sum(path == f"jobs/{job_id}" for path in asked) <= 12


def test_many_jobs_are_heard_of_as_they_end(own: API) -> None:
    jobs = [submit(own, seconds) for seconds in (3, 2)]

    ended = [job["id"] for job in own.wait(jobs, timeout=60)]

    assert sorted(ended) == sorted(jobs)


def test_coroutines_listen_too(shared_user: User) -> None:
    async def wait() -> list[str]:
        async with AsyncAPI(Token.from_json(shared_user.token)) as client:
            with API(Token.from_json(shared_user.token)) as plain:
                jobs = [submit(plain, 3)]
            return [job["state"] async for job in client.wait(jobs, timeout=60)]

    assert asyncio.run(wait()) == ["COMPLETE"]


@pytest.mark.parametrize(
    "events",
    [
        Reply.error(404, "there is nothing"),
        Reply.error(403, "not you"),
        Reply.error(429, "too many listen"),
        Reply.of({"jobs": []}),
        Reply(body=b"", headers=STREAM),
        Reply(body=b"id: 5\n\n", headers=STREAM, cut_after=4),
    ],
    ids=["old platform", "forbidden", "too many", "no stream", "ends at once", "cut"],
)
def test_where_nothing_is_told_jobs_are_looked_at(api: API, loopback: Loopback, events: Reply) -> None:
    looks = 0

    def choose(request: Received) -> Reply:
        nonlocal looks
        if request.path.startswith("/v1/events"):
            return events
        looks += 1
        return Reply.of({"job": {"id": "j1", "state": "COMPLETE" if looks > 10 else "RUNNING"}})

    loopback.choose = choose

    assert [job["id"] for job in api.wait(["j1"], timeout=30)] == ["j1"]
    assert sum(request.path.startswith("/v1/events") for request in loopback.requests) <= 4


@pytest.mark.alone
def test_a_platform_that_begins_to_tell_and_falls_silent_does_not_move_the_deadline(
    api: API, loopback: Loopback
) -> None:
    never = threading.Event()
    running = Reply.of({"job": {"id": "j1", "state": "RUNNING"}})
    silent = Reply(body=b"id: 5\n\n", headers=STREAM, until=never)
    loopback.choose = lambda request: silent if request.path.startswith("/v1/events") else running
    started = time.monotonic()

    with pytest.raises(WaitTimedOut):
        list(api.wait(["j1"], timeout=3))

    assert time.monotonic() - started < 3.3
    never.set()
