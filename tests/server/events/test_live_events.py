"""Live events: sent as they happen to the owner of the job, and none is missed."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.platforms import StartPlatform
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS, wait_until

MOVES = ["job_queued", "job_scheduled", "job_running", "job_complete"]


@pytest.fixture
def user(platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(platform, tmp_path)


def run(user: User, analytic: str = "journeys/no-op") -> str:
    return post_job(user.v1, user.headers, analytic)


def follow(user: User, headers: dict[str, str] | None = None, **arguments: str) -> requests.Response:
    answer = requests.get(
        f"{user.v1}/events", params=arguments, headers=headers or user.headers, stream=True, timeout=LIMIT_SECONDS
    )
    assert answer.status_code == 200, answer.text
    return answer


def events_of(answer: requests.Response) -> Iterator[dict[str, Any]]:
    """Return the events of a stream, and check that each has a name and an id beside its data."""
    message: dict[str, str] = {}
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        if line:
            name, _, value = line.partition(": ")
            message[name] = value
        elif "data" in message:
            event = json.loads(message["data"])
            assert (str(event["id"]), event["event"]) == (message["id"], message["event"])
            yield event
            message = {}


def until(events: Iterator[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    seen = []
    for event in events:
        seen.append(event)
        if event["event"] == name:
            return seen
    raise AssertionError(f"{name} never came: {seen}")


def test_job_is_followed_from_its_start_to_its_end(user):
    with closing(follow(user)) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        job_id = run(user)
        seen = until(events_of(answer), "job_complete")

    assert {event["job_id"] for event in seen} == {job_id}
    assert [event["event"] for event in seen if event["event"] in MOVES] == MOVES
    assert [event["state"] for event in seen if "state" in event] == ["QUEUED", "SCHEDULED", "RUNNING", "COMPLETE"]
    assert [event["id"] for event in seen] == sorted({event["id"] for event in seen})


def test_missed_events_are_sent_after_a_reconnect(user):
    with closing(follow(user)) as answer:
        first = run(user)
        last_id = until(events_of(answer), "job_complete")[-1]["id"]
    second = run(user)

    for asked in ({"headers": {**user.headers, "Last-Event-ID": str(last_id)}}, {"last_event_id": str(last_id)}):
        with closing(follow(user, **asked)) as answer:
            seen = until(events_of(answer), "job_complete")
        assert {event["job_id"] for event in seen} == {second}
        assert [event["event"] for event in seen if event["event"] in MOVES] == MOVES
    with closing(follow(user, last_event_id="0", jobs=first)) as answer:
        assert {event["job_id"] for event in until(events_of(answer), "job_complete")} == {first}


def test_stream_with_records_begins_with_ended_jobs_and_brings_the_record_of_each_that_ends(platform, user, tmp_path):
    ended, theirs = run(user), run(User.create(platform, tmp_path))
    record = {"headers": user.headers, "timeout": LIMIT_SECONDS}
    wait_until(lambda: requests.get(f"{user.v1}/jobs/{ended}", **record).json()["job"]["state"] == "COMPLETE")
    waiting = post_job(user.v1, user.headers, "journeys/no-op", start=False)

    with closing(follow(user, jobs=f"{ended},{theirs},{waiting}", records="true")) as answer:
        events = events_of(answer)
        first = next(events)
        requests.put(f"{user.v1}/jobs/{waiting}/start", **record).raise_for_status()
        last = until(events, "job_complete")[-1]

    assert first["event"] == "ended_jobs"
    assert ([job["id"] for job in first["jobs"]], first["missing"]) == ([ended], [theirs])
    assert last["job"] == requests.get(f"{user.v1}/jobs/{waiting}", **record).json()["job"]


def test_platform_restart_loses_no_event(start_platform: StartPlatform, tmp_path: Path):
    platform = start_platform()
    user = User.create(platform, tmp_path)
    answer = follow(user)
    run(user)
    [*_, last] = until(events_of(answer), "job_complete")
    platform.stop()
    assert list(events_of(answer)) == []  # the stream ended in order
    platform.start()

    second = run(user)
    with closing(follow(user, last_event_id=str(last["id"]))) as answer:
        seen = until(events_of(answer), "job_complete")

    assert {event["job_id"] for event in seen} == {second}


def test_stream_has_no_events_of_other_users(platform, user, tmp_path):
    other = User.create(platform, tmp_path)
    application = Application.create(platform, tmp_path)
    body = {"username": user.name}
    requests.post(f"{user.v1}/apps/users", json=body, headers=application.headers(), timeout=LIMIT_SECONDS)
    theirs = run(other)

    with (
        closing(follow(user, last_event_id="0")) as mine,
        closing(follow(user, last_event_id="0", jobs=theirs)) as named,
        closing(follow(user, headers=application.headers(user.name), last_event_id="0")) as namesake,
    ):
        job_id = run(user)
        assert {event["job_id"] for event in until(events_of(mine), "job_complete")} == {job_id}
        for answer in (named, namesake):
            answer.raw._fp.fp.raw._sock.settimeout(0.5)
            with pytest.raises(requests.exceptions.ConnectionError, match="timed out"):
                list(events_of(answer))


@pytest.mark.parametrize(
    "arguments", [{"last_event_id": "x"}, {"last_event_id": "-1"}, {"jobs": ",".join(["j"] * 1001)}]
)
def test_what_makes_no_sense_is_refused(shared_user, arguments):
    answer = requests.get(
        f"{shared_user.v1}/events", params=arguments, headers=shared_user.headers, timeout=LIMIT_SECONDS
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 400


def test_listeners_of_one_user_are_limited(start_platform, tmp_path):
    platform = start_platform(environment={"VOXEL51_SERVER_EVENT_STREAMS_PER_USER": "2"})
    user, other = User.create(platform, tmp_path), User.create(platform, tmp_path)
    with closing(follow(user)), closing(follow(user)), closing(follow(other)):
        refused = requests.get(f"{user.v1}/events", headers=user.headers, timeout=LIMIT_SECONDS)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"]
    deadline = time.monotonic() + LIMIT_SECONDS
    while (
        requests.get(f"{user.v1}/events", headers=user.headers, stream=True, timeout=LIMIT_SECONDS).status_code != 200
    ):
        assert time.monotonic() < deadline


def test_stream_ends_when_its_token_is_revoked(platform, user):
    with closing(follow(user)) as answer:
        [token_id, *_] = platform.run_command("server", "user", "tokens", user.name).split()
        platform.run_command("server", "user", "tokens", user.name, "--revoke", token_id)
        ended = threading.Event()
        threading.Thread(target=lambda: (list(events_of(answer)), ended.set()), daemon=True).start()
        assert ended.wait(40)


@pytest.mark.alone
def test_hundred_idle_listeners_use_almost_no_cpu(start_platform, tmp_path):
    platform = start_platform(environment={"VOXEL51_SERVER_EVENT_STREAMS_PER_USER": "100"})
    user = User.create(platform, tmp_path)
    process = psutil.Process(platform.pid)
    answers = [follow(user) for _ in range(100)]
    before = sum(process.cpu_times()[:2])
    time.sleep(3)
    spent = sum(process.cpu_times()[:2]) - before
    run(user)
    for answer in answers:
        assert until(events_of(answer), "job_complete")
        answer.close()
    assert spent < 0.6
