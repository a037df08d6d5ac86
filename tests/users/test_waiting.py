"""Waiting for several jobs, and the deadline."""

import threading
import time
from collections.abc import Iterator

import pytest

from support.accounts import User
from support.loopback_server import Loopback, Received, Reply
from support.platforms import NO_OP, PATIENT
from support.submissions import submit
from support.waiting import DEADLINE_SLACK_SECONDS, LIMIT_SECONDS
from voxel51.transport.errors import NotFound, ServerFailed
from voxel51.users import waiting
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobExecutionError, JobRequest, WaitTimedOut


@pytest.fixture
def own(shared_user: User) -> Iterator[API]:
    with API(Token.from_json(shared_user.token)) as client:
        yield client


def test_jobs_are_returned_as_they_end_including_failed_ones(own: API) -> None:
    slow = submit(own, PATIENT, seconds=2.5)
    quick, failing = submit(own, NO_OP), submit(own, "journeys/crash")

    ended = list(own.wait([slow, quick, failing], timeout=LIMIT_SECONDS))

    assert ended[-1]["id"] == slow
    assert {job["id"]: job["state"] for job in ended} == {slow: "COMPLETE", quick: "COMPLETE", failing: "FAILED"}
    assert all("output_filename" in job for job in ended), "records are incomplete"


def test_records_and_a_single_id_can_be_waited_for(own: API) -> None:
    job = own.upload_job_request(JobRequest(NO_OP), "a job to wait for", auto_start=True)

    assert [ended["id"] for ended in own.wait([job, job["id"]], timeout=LIMIT_SECONDS)] == [job["id"]]
    assert [ended["id"] for ended in own.wait(job["id"], timeout=LIMIT_SECONDS)] == [job["id"]]
    assert list(own.wait([])) == []


def test_an_unknown_job_is_an_error(own: API) -> None:
    job_id = submit(own, NO_OP)

    with pytest.raises(NotFound):
        list(own.wait([job_id, "nowhere"], timeout=LIMIT_SECONDS))


def test_more_jobs_than_one_query_can_name(own: API) -> None:
    jobs = [own.upload_job_request(JobRequest(NO_OP), f"one of many {number}", auto_start=True) for number in range(60)]

    ended = list(own.wait(jobs, timeout=LIMIT_SECONDS))

    assert sorted(job["id"] for job in ended) == sorted(job["id"] for job in jobs)


@pytest.mark.alone
def test_the_deadline_counts_from_the_call_and_is_never_exceeded(api: API, loopback: Loopback) -> None:
    loopback.choose = answer_all_as_running
    waiting = api.wait(["j1", "j2"], timeout=0.6)
    started = time.monotonic()

    with pytest.raises(WaitTimedOut, match="2 jobs have not ended") as caught:
        next(waiting)

    assert 0.5 < time.monotonic() - started < DEADLINE_SLACK_SECONDS
    assert caught.value.job_ids == ["j1", "j2"]
    assert isinstance(caught.value, JobExecutionError)
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.alone
@pytest.mark.parametrize("ids", [["j1"], ["j1", "j2"]], ids=["one", "many"])
def test_a_hanging_platform_does_not_delay_the_deadline(api: API, loopback: Loopback, ids: list[str]) -> None:
    never = threading.Event()
    loopback.reply(Reply(until=never))
    started = time.monotonic()

    with pytest.raises(WaitTimedOut):
        list(api.wait(ids, timeout=0.5))

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS
    never.set()


@pytest.mark.alone
def test_an_unavailable_platform_does_not_delay_the_deadline(api: API, loopback: Loopback) -> None:
    loopback.reply(Reply.error(503, "restarting"))
    started = time.monotonic()

    with pytest.raises((WaitTimedOut, ServerFailed)):
        list(api.wait(["j1"], timeout=0.5))

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS


def test_waiting_goes_on_after_an_outage(
    short_pauses: None, api: API, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = [Reply.error(503, "the database is unavailable")] * 8
    loopback.reply(*outage, Reply.of({"job": {"id": "j1", "state": "COMPLETE"}}))

    assert [job["id"] for job in api.wait(["j1"], timeout=LIMIT_SECONDS)] == ["j1"]

    monkeypatch.setattr(waiting, "LONGEST_OUTAGE_SECONDS", 0.0)
    loopback.reply(*outage)
    with pytest.raises(ServerFailed, match="the database is unavailable"):
        list(api.wait(["j1"], timeout=LIMIT_SECONDS))


@pytest.mark.usefixtures("short_pauses")
def test_other_failures_of_the_platform_end_the_wait(api: API, loopback: Loopback) -> None:
    loopback.reply(*[Reply.error(500, "a defect")] * 8)

    with pytest.raises(ServerFailed, match="a defect"):
        list(api.wait(["j1"], timeout=LIMIT_SECONDS))


def test_one_query_polls_many_jobs(api: API, loopback: Loopback) -> None:
    loopback.choose = answer_all_as_running

    with pytest.raises(WaitTimedOut):
        list(api.wait([f"j{number}" for number in range(40)], timeout=0.2))

    assert {(request.method, request.path) for request in loopback.requests[1:]} == {("GET", "/v1/jobs")}
    assert len(loopback.requests) < 15


def answer_all_as_running(request: Received) -> Reply:
    ids = request.json["search"].removeprefix("id:").split("|")
    return Reply.of({"jobs": [{"id": each, "state": "RUNNING"} for each in ids], "count": len(ids)})
