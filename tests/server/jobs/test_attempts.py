"""Attempts: a job ends exactly once, by the report of its current attempt or by how that attempt ended."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import update

from support.database_outages import database_outage
from support.job_services import MOST_LOST
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, Conflict, DatabaseAway, Forbidden, NotFound, Unauthenticated
from voxel51.server.jobs.attempts import Settlement
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates


def state_of(rooms, user, job_id):
    job = rooms.jobs.details(user, job_id)
    return job["state"], job["failure_type"]


def test_job_passes_through_its_states(rooms, alice):
    job_id = rooms.submit(alice, auto_start=False)
    assert rooms.attempts.claim(10) == []
    rooms.act("start", alice, job_id)
    assert state_of(rooms, alice, job_id) == ("QUEUED", "NONE")
    _, attempt = rooms.claim()
    assert state_of(rooms, alice, job_id) == ("SCHEDULED", "NONE")
    rooms.reports.report_state(attempt, "RUNNING", None)
    rooms.reports.report_state(attempt, "RUNNING", None)
    assert state_of(rooms, alice, job_id) == ("RUNNING", "NONE")
    key = rooms.put_output(attempt)
    rooms.reports.report_state(attempt, "COMPLETE", None)
    rooms.attempts.settle(attempt.id, Settlement.ANALYTIC_FAILED, "exit 0")
    assert state_of(rooms, alice, job_id) == ("COMPLETE", "NONE")
    assert rooms.jobs.output(alice.id, job_id) == Download(
        key, "a.json", "application/json", hashlib.sha256(b"{}").hexdigest(), size_bytes=2
    )


def test_first_reported_end_counts(rooms, alice):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    rooms.put_output(attempt)
    rooms.reports.report_state(attempt, "COMPLETE", None)
    rooms.reports.report_state(attempt, "FAILED", "USER")
    assert state_of(rooms, alice, job_id) == ("COMPLETE", "NONE")


def test_last_report_stores_files_and_status_and_ends_the_job(rooms, alice):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    rooms.reports.report_state(attempt, "RUNNING", None)
    status = b'{"state": "COMPLETE", "messages": [{"message": "done", "time": null}]}'
    report = {"state": "COMPLETE", "status": status, "output": b"[1]", "log": b"printed"}

    rooms.reports.finish(attempt, report)
    rooms.reports.finish(attempt, {**report, "output": b"[2]"})  # the answer to the first one was lost

    assert state_of(rooms, alice, job_id) == ("COMPLETE", "NONE")
    assert rooms.jobs.status(alice, job_id)["messages"][0]["message"] == "done"
    [key] = rooms.keys("outputs")
    assert b"".join(rooms.storage.read(key)) == b"[1]"
    [key] = rooms.keys("logs")
    assert b"".join(rooms.storage.read(key)) == b"printed"


def test_last_report_of_an_earlier_attempt_changes_nothing(rooms, alice):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    rooms.attempts.settle(attempt.id, Settlement.RELEASED, "the platform stopped")

    with pytest.raises(Forbidden):
        rooms.reports.finish(attempt, {"state": "COMPLETE", "output": b"{}", "log": b""})

    assert state_of(rooms, alice, job_id) == ("QUEUED", "NONE")
    assert rooms.keys("outputs") == rooms.keys("logs") == set()


@pytest.mark.parametrize(
    "report", [{"state": "RUNNING"}, {"state": "ENDED"}, {"state": "FAILED", "failure_type": "FATE"},
               {"state": "COMPLETE", "status": b"[]", "output": b"{}"}]
)  # fmt: skip
def test_invalid_last_report_stores_nothing(rooms, alice, report):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()

    with pytest.raises(BadRequest):
        rooms.reports.finish(attempt, report)

    assert state_of(rooms, alice, job_id) == ("SCHEDULED", "NONE")
    assert rooms.keys("outputs") == set()


def test_complete_without_the_declared_output_is_a_failure_of_the_analytic(rooms, alice):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    rooms.reports.report_state(attempt, "COMPLETE", None)
    assert state_of(rooms, alice, job_id) == ("FAILED", "ANALYTIC")
    [message] = rooms.jobs.status(alice, job_id)["messages"]
    assert "a.json" in message["message"]


@pytest.mark.parametrize(("reported", "kept"), [("USER", "USER"), (None, "ANALYTIC"), ("NONE", "ANALYTIC")])
def test_failed_job_keeps_its_failure_type_and_no_output(rooms, alice, reported, kept):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    rooms.put_output(attempt)
    rooms.reports.report_state(attempt, "FAILED", reported)
    rooms.attempts.settle(attempt.id, Settlement.ANALYTIC_FAILED, "exit 1")
    assert state_of(rooms, alice, job_id) == ("FAILED", kept)
    assert rooms.keys("outputs") == set()
    with pytest.raises(BadRequest, match="FAILED"):
        rooms.jobs.output(alice.id, job_id)


@pytest.mark.parametrize("settlement", [Settlement.LOST, Settlement.OUT_OF_TIME])
def test_attempt_that_ends_around_an_outage_of_the_database_does_not_count(rooms, alice, settlement):
    job_id = rooms.submit(alice)
    for _ in range(MOST_LOST + 1):
        _, attempt = rooms.claim()
        with database_outage(rooms.database) as outage:
            outage.start()
            with pytest.raises(DatabaseAway):
                rooms.attempts.settle(attempt.id, settlement, "it waited for the platform")
            outage.end()
        rooms.attempts.settle(attempt.id, settlement, "it waited for the platform")
        assert state_of(rooms, alice, job_id) == ("QUEUED", "NONE")


def test_attempt_out_of_time_is_a_failure_of_the_analytic(rooms, alice):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    rooms.attempts.settle(attempt.id, Settlement.OUT_OF_TIME, "it took too long")
    assert state_of(rooms, alice, job_id) == ("FAILED", "ANALYTIC")


def test_end_makes_up_for_a_lost_report_of_the_start(rooms, alice):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    rooms.put_output(attempt)
    rooms.reports.report_state(attempt, "COMPLETE", None)
    assert rooms.jobs.details(alice, job_id)["start_date"] is not None


def test_files_are_kept_when_it_is_unknown_whether_their_record_is_committed(rooms, alice):
    rooms.submit(alice)
    _, attempt = rooms.claim()
    key = rooms.put_output(attempt)
    with database_outage(rooms.database) as outage:
        outage.start()
        with pytest.raises(DatabaseAway):
            rooms.put_output(attempt)
    assert key in rooms.keys("outputs")
    assert len(rooms.keys("outputs")) == 2


def test_crash_is_a_failure_of_the_analytic_and_its_log_is_kept(rooms, alice):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    rooms.attempts.settle(attempt.id, Settlement.ANALYTIC_FAILED, "ended by SIGSEGV", b"last words")
    rooms.attempts.settle(attempt.id, Settlement.LOST, "settled twice", b"again")
    assert state_of(rooms, alice, job_id) == ("FAILED", "ANALYTIC")
    assert rooms.jobs.status(alice, job_id)["messages"][0]["message"] == "ended by SIGSEGV"
    [key] = rooms.keys("logs")
    assert b"".join(rooms.storage.read(key)) == b"last words"


def test_lost_job_runs_again_up_to_the_limit(rooms, alice):
    job_id = rooms.submit(alice)
    for _ in range(2):
        _, attempt = rooms.claim()
        rooms.put_output(attempt)
        rooms.attempts.settle(attempt.id, Settlement.LOST, "its machine died")
        assert state_of(rooms, alice, job_id) == ("QUEUED", "NONE")
        assert rooms.keys("outputs") == set()
        rooms.end_pauses()
    _, attempt = rooms.claim()
    rooms.attempts.settle(attempt.id, Settlement.LOST, "its machine died")
    assert state_of(rooms, alice, job_id) == ("FAILED", "PLATFORM")
    assert rooms.attempts.claim(10) == []


def test_job_whose_attempt_was_lost_waits_in_its_place_and_says_why(rooms, alice, bob):
    lost, second, third = rooms.submit(alice), rooms.submit(alice), rooms.submit(alice)
    [claim] = rooms.attempts.claim(1)
    rooms.attempts.settle(claim.attempt_id, Settlement.LOST, "its machine died")

    [message] = rooms.jobs.status(alice, lost)["messages"]
    assert message["message"] == "Attempt 1 of 3 was lost: its machine died. The next one starts after 1 s."
    assert [claim.job_id for claim in rooms.attempts.claim(1)] == [second]
    rooms.end_pauses()
    assert [claim.job_id for claim in rooms.attempts.claim(2)] == [lost, third]
    assert rooms.jobs.status(alice, lost)["messages"] == []


def test_pause_after_a_loss_ends_when_the_clock_is_set_back(rooms, alice):
    lost = rooms.submit(alice)
    [claim] = rooms.attempts.claim(1)
    rooms.attempts.settle(claim.attempt_id, Settlement.LOST, "its machine died")
    assert rooms.attempts.claim(1) == []
    with rooms.database.write() as connection:
        connection.execute(update(jobs).values(retry_at=dates.now() + timedelta(days=365)))

    assert [claim.job_id for claim in rooms.attempts.claim(1)] == [lost]


def test_released_attempt_does_not_count_as_lost(rooms, alice):
    job_id = rooms.submit(alice)
    for _ in range(10):
        _, attempt = rooms.claim()
        rooms.attempts.settle(attempt.id, Settlement.RELEASED, "the platform stops")
    assert state_of(rooms, alice, job_id) == ("QUEUED", "NONE")


def test_reports_of_an_old_attempt_are_refused(rooms, alice):
    job_id = rooms.submit(alice)
    old_claim, old = rooms.claim()
    rooms.attempts.settle(old.id, Settlement.LOST, "its machine was lost")
    refused = [
        lambda: rooms.reports.report_state(old, "COMPLETE", None),
        lambda: rooms.reports.put_status(old.id, "{}"),
        lambda: rooms.reports.report_metadata(old, {"frame_count": 1, "duration_seconds": 1, "size_bytes": 1}),
        lambda: rooms.put_output(old),
        lambda: rooms.reports.by_link(old.id),
        lambda: rooms.reports.authenticate(old_claim.credential, job_id),
    ]
    for report in refused:
        with pytest.raises(Forbidden):
            report()
    rooms.end_pauses()
    _, new = rooms.claim()
    for report in refused:
        with pytest.raises(Forbidden):
            report()
    key = rooms.put_output(new)
    rooms.reports.report_state(new, "COMPLETE", None)
    assert rooms.jobs.output(alice.id, job_id).key == key
    assert rooms.keys("outputs") == {key}


def test_output_is_replaced_before_the_end_and_unchanged_after(rooms, alice):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    rooms.put_output(attempt, b"first")
    second = rooms.put_output(attempt, b"second")
    rooms.reports.report_state(attempt, "COMPLETE", None)
    with pytest.raises(Conflict):
        rooms.put_output(attempt, b"third")
    assert rooms.keys("outputs") == {second}
    assert rooms.jobs.output(alice.id, job_id).key == second


def test_killing_a_running_job_ends_it_at_once_and_stops_its_attempt(rooms, alice):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    rooms.reports.report_state(attempt, "RUNNING", None)
    assert rooms.attempts.attempts_to_stop() == []
    rooms.act("kill", alice, job_id)
    assert state_of(rooms, alice, job_id) == ("FAILED", "USER")
    assert rooms.attempts.attempts_to_stop() == [attempt.id]
    with pytest.raises(Forbidden):
        rooms.reports.report_state(attempt, "COMPLETE", None)
    rooms.attempts.settle(attempt.id, Settlement.RELEASED, "stopped")
    assert state_of(rooms, alice, job_id) == ("FAILED", "USER")
    assert rooms.attempts.claim(10) == []
    status = rooms.jobs.status(alice, job_id)
    assert (status["state"], status["failure_type"]) == ("FAILED", "USER")


def test_credential_is_valid_for_its_own_job_only(rooms, alice):
    rooms.submit(alice)
    claim, _ = rooms.claim()
    other = rooms.submit(alice)
    with pytest.raises(Forbidden):
        rooms.reports.authenticate(claim.credential, other)
    with pytest.raises(Unauthenticated):
        rooms.reports.authenticate("guessed", claim.job_id)


@pytest.mark.parametrize(("state", "failure_type"), [("DONE", None), ("", None), ("FAILED", "ALIENS")])
def test_unknown_states_are_refused(rooms, alice, state, failure_type):
    rooms.submit(alice)
    _, attempt = rooms.claim()
    with pytest.raises(BadRequest, match="must be one of"):
        rooms.reports.report_state(attempt, state, failure_type)


def test_task_description_has_everything_that_an_attempt_needs(rooms, alice):
    job_id = rooms.submit(alice)
    _, attempt = rooms.claim()
    task = rooms.tasks.describe(attempt)
    assert (task["analytic"], task["version"], task["job_id"]) == ("voxel51/count", "1.0", job_id)
    base = f"http://platform/v1/links/attempts/{attempt.id}"
    assert task["inputs"] == {"video": {"signed-url": f"{base}/inputs/video?GET"}}
    assert task["output"] == {"signed-url": f"{base}/output?PUT"}
    assert task["logfile"] == {"signed-url": f"{base}/log?PUT"}
    assert rooms.tasks.file(attempt, "inputs", "video").filename == "video.mp4"
    with pytest.raises(NotFound):
        rooms.tasks.file(attempt, "inputs", "nope")


def test_jobs_are_claimed_in_the_order_they_were_queued(rooms, alice):
    submitted = [rooms.submit(alice) for _ in range(3)]
    assert [claim.job_id for claim in rooms.attempts.claim(2)] == submitted[:2]
    assert [claim.job_id for claim in rooms.attempts.claim(2)] == submitted[2:]


@pytest.mark.parametrize("change", [{"frame_count": 2**63}, {"size_bytes": -1}, {"duration_seconds": float("nan")}])
def test_invalid_amount_is_refused(rooms, alice, change):
    rooms.submit(alice)
    _, attempt = rooms.claim()
    with pytest.raises(BadRequest, match=next(iter(change))):
        rooms.reports.report_metadata(attempt, {"frame_count": 1, "duration_seconds": 1.0, "size_bytes": 1, **change})
