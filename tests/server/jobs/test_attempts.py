"""Attempts: a job ends exactly once, by the report of its current attempt or by how that attempt ended."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import update

from support.database_outages import database_outage
from support.job_services import MOST_LOST
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, Conflict, DatabaseAway, Forbidden, NotFound, Unauthenticated
from voxel51.server.jobs import attempts as attempts_module
from voxel51.server.jobs.attempts import Settlement
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.backoff import Backoff


def state_of(services, user, job_id):
    job = services.jobs.details(user, job_id)
    return job["state"], job["failure_type"]


def test_job_passes_through_its_states(services, alice):
    job_id = services.submit(alice, auto_start=False)
    assert services.attempts.claim(10) == []
    services.act("start", alice, job_id)
    assert state_of(services, alice, job_id) == ("QUEUED", "NONE")
    _, attempt = services.claim()
    assert state_of(services, alice, job_id) == ("SCHEDULED", "NONE")
    services.reports.report_state(attempt, "RUNNING", None)
    services.reports.report_state(attempt, "RUNNING", None)
    assert state_of(services, alice, job_id) == ("RUNNING", "NONE")
    key = services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)
    services.attempts.settle(attempt.id, Settlement.ANALYTIC_FAILED, "exit 0")
    assert state_of(services, alice, job_id) == ("COMPLETE", "NONE")
    assert services.jobs.output(alice.id, job_id) == Download(
        key, "a.json", "application/json", hashlib.sha256(b"{}").hexdigest(), size_bytes=2
    )


def test_first_reported_end_counts(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)
    services.reports.report_state(attempt, "FAILED", "USER")
    assert state_of(services, alice, job_id) == ("COMPLETE", "NONE")


def test_last_report_stores_files_and_status_and_ends_the_job(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)
    status = b'{"state": "COMPLETE", "messages": [{"message": "done", "time": null}]}'
    report = {"state": "COMPLETE", "status": status, "output": b"[1]", "log": b"printed"}

    services.reports.finish(attempt, report)
    services.reports.finish(attempt, {**report, "output": b"[2]"})  # the answer to the first one was lost

    assert state_of(services, alice, job_id) == ("COMPLETE", "NONE")
    assert services.jobs.status(alice, job_id)["messages"][0]["message"] == "done"
    [key] = services.keys("outputs")
    assert b"".join(services.storage.read(key)) == b"[1]"
    [key] = services.keys("logs")
    assert b"".join(services.storage.read(key)) == b"printed"


def test_last_report_of_an_earlier_attempt_changes_nothing(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.attempts.settle(attempt.id, Settlement.RELEASED, "the platform stopped")

    with pytest.raises(Forbidden):
        services.reports.finish(attempt, {"state": "COMPLETE", "output": b"{}", "log": b""})

    assert state_of(services, alice, job_id) == ("QUEUED", "NONE")
    assert services.keys("outputs") == services.keys("logs") == set()


@pytest.mark.parametrize(
    "report", [{"state": "RUNNING"}, {"state": "ENDED"}, {"state": "FAILED", "failure_type": "FATE"},
               {"state": "COMPLETE", "status": b"[]", "output": b"{}"}]
)  # fmt: skip
def test_invalid_last_report_stores_nothing(services, alice, report):
    job_id = services.submit(alice)
    _, attempt = services.claim()

    with pytest.raises(BadRequest):
        services.reports.finish(attempt, report)

    assert state_of(services, alice, job_id) == ("SCHEDULED", "NONE")
    assert services.keys("outputs") == set()


def test_complete_without_the_declared_output_is_a_failure_of_the_analytic(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.reports.report_state(attempt, "COMPLETE", None)
    assert state_of(services, alice, job_id) == ("FAILED", "ANALYTIC")
    [message] = services.jobs.status(alice, job_id)["messages"]
    assert "a.json" in message["message"]


@pytest.mark.parametrize(("reported", "kept"), [("USER", "USER"), (None, "ANALYTIC"), ("NONE", "ANALYTIC")])
def test_failed_job_keeps_its_failure_type_and_no_output(services, alice, reported, kept):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.put_output(attempt)
    services.reports.report_state(attempt, "FAILED", reported)
    services.attempts.settle(attempt.id, Settlement.ANALYTIC_FAILED, "exit 1")
    assert state_of(services, alice, job_id) == ("FAILED", kept)
    assert services.keys("outputs") == set()
    with pytest.raises(BadRequest, match="FAILED"):
        services.jobs.output(alice.id, job_id)


@pytest.mark.parametrize("settlement", [Settlement.LOST, Settlement.OUT_OF_TIME])
def test_attempt_that_ends_around_an_outage_of_the_database_does_not_count(services, alice, settlement):
    job_id = services.submit(alice)
    for _ in range(MOST_LOST + 1):
        _, attempt = services.claim()
        with database_outage(services.database) as outage:
            outage.start()
            with pytest.raises(DatabaseAway):
                services.attempts.settle(attempt.id, settlement, "it waited for the platform")
            outage.end()
        services.attempts.settle(attempt.id, settlement, "it waited for the platform")
        assert state_of(services, alice, job_id) == ("QUEUED", "NONE")


def test_attempt_out_of_time_is_a_failure_of_the_analytic(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.attempts.settle(attempt.id, Settlement.OUT_OF_TIME, "it took too long")
    assert state_of(services, alice, job_id) == ("FAILED", "ANALYTIC")


def test_end_makes_up_for_a_lost_report_of_the_start(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)
    assert services.jobs.details(alice, job_id)["start_date"] is not None


def test_files_are_kept_when_it_is_unknown_whether_their_record_is_committed(services, alice):
    services.submit(alice)
    _, attempt = services.claim()
    key = services.put_output(attempt)
    with database_outage(services.database) as outage:
        outage.start()
        with pytest.raises(DatabaseAway):
            services.put_output(attempt)
    assert key in services.keys("outputs")
    assert len(services.keys("outputs")) == 2


def test_crash_is_a_failure_of_the_analytic_and_its_log_is_kept(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.attempts.settle(attempt.id, Settlement.ANALYTIC_FAILED, "ended by SIGSEGV", b"last words")
    services.attempts.settle(attempt.id, Settlement.LOST, "settled twice", b"again")
    assert state_of(services, alice, job_id) == ("FAILED", "ANALYTIC")
    assert services.jobs.status(alice, job_id)["messages"][0]["message"] == "ended by SIGSEGV"
    [key] = services.keys("logs")
    assert b"".join(services.storage.read(key)) == b"last words"


def test_lost_job_runs_again_up_to_the_limit(services, alice):
    job_id = services.submit(alice)
    for _ in range(2):
        _, attempt = services.claim()
        services.put_output(attempt)
        services.attempts.settle(attempt.id, Settlement.LOST, "its machine died")
        assert state_of(services, alice, job_id) == ("QUEUED", "NONE")
        assert services.keys("outputs") == set()
        services.end_pauses()
    _, attempt = services.claim()
    services.attempts.settle(attempt.id, Settlement.LOST, "its machine died")
    assert state_of(services, alice, job_id) == ("FAILED", "PLATFORM")
    assert services.attempts.claim(10) == []


def test_job_whose_attempt_was_lost_waits_in_its_place_and_says_why(services, alice, monkeypatch):
    monkeypatch.setattr(attempts_module, "AFTER_LOSS", Backoff(60.0, 60.0))
    lost, second, third = services.submit(alice), services.submit(alice), services.submit(alice)
    [claim] = services.attempts.claim(1)
    services.attempts.settle(claim.attempt_id, Settlement.LOST, "its machine died")

    [message] = services.jobs.status(alice, lost)["messages"]
    assert message["message"] == "Attempt 1 of 3 was lost: its machine died. The next one starts after 60 s."
    assert [claim.job_id for claim in services.attempts.claim(1)] == [second]
    services.end_pauses()
    assert [claim.job_id for claim in services.attempts.claim(2)] == [lost, third]
    assert services.jobs.status(alice, lost)["messages"] == []


def test_pause_after_a_loss_ends_when_the_clock_is_set_back(services, alice):
    lost = services.submit(alice)
    [claim] = services.attempts.claim(1)
    services.attempts.settle(claim.attempt_id, Settlement.LOST, "its machine died")
    assert services.attempts.claim(1) == []
    with services.database.write() as connection:
        connection.execute(update(jobs).values(retry_at=dates.now() + timedelta(days=365)))

    assert [claim.job_id for claim in services.attempts.claim(1)] == [lost]


def test_released_attempt_does_not_count_as_lost(services, alice):
    job_id = services.submit(alice)
    for _ in range(10):
        _, attempt = services.claim()
        services.attempts.settle(attempt.id, Settlement.RELEASED, "the platform stops")
    assert state_of(services, alice, job_id) == ("QUEUED", "NONE")


def test_reports_of_an_old_attempt_are_refused(services, alice):
    job_id = services.submit(alice)
    old_claim, old = services.claim()
    services.attempts.settle(old.id, Settlement.LOST, "its machine was lost")
    refused = [
        lambda: services.reports.report_state(old, "COMPLETE", None),
        lambda: services.reports.put_status(old.id, "{}"),
        lambda: services.reports.report_metadata(old, {"frame_count": 1, "duration_seconds": 1, "size_bytes": 1}),
        lambda: services.put_output(old),
        lambda: services.reports.by_link(old.id),
        lambda: services.reports.authenticate(old_claim.credential, job_id),
    ]
    for report in refused:
        with pytest.raises(Forbidden):
            report()
    services.end_pauses()
    _, new = services.claim()
    for report in refused:
        with pytest.raises(Forbidden):
            report()
    key = services.put_output(new)
    services.reports.report_state(new, "COMPLETE", None)
    assert services.jobs.output(alice.id, job_id).key == key
    assert services.keys("outputs") == {key}


def test_output_is_replaced_before_the_end_and_unchanged_after(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.put_output(attempt, b"first")
    second = services.put_output(attempt, b"second")
    services.reports.report_state(attempt, "COMPLETE", None)
    with pytest.raises(Conflict):
        services.put_output(attempt, b"third")
    assert services.keys("outputs") == {second}
    assert services.jobs.output(alice.id, job_id).key == second


def test_killing_a_running_job_ends_it_at_once_and_stops_its_attempt(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)
    assert services.attempts.attempts_to_stop() == []
    services.act("kill", alice, job_id)
    assert state_of(services, alice, job_id) == ("FAILED", "USER")
    assert services.attempts.attempts_to_stop() == [attempt.id]
    with pytest.raises(Forbidden):
        services.reports.report_state(attempt, "COMPLETE", None)
    services.attempts.settle(attempt.id, Settlement.RELEASED, "stopped")
    assert state_of(services, alice, job_id) == ("FAILED", "USER")
    assert services.attempts.claim(10) == []
    status = services.jobs.status(alice, job_id)
    assert (status["state"], status["failure_type"]) == ("FAILED", "USER")


def test_credential_is_valid_for_its_own_job_only(services, alice):
    services.submit(alice)
    claim, _ = services.claim()
    other = services.submit(alice)
    with pytest.raises(Forbidden):
        services.reports.authenticate(claim.credential, other)
    with pytest.raises(Unauthenticated):
        services.reports.authenticate("guessed", claim.job_id)


@pytest.mark.parametrize(("state", "failure_type"), [("DONE", None), ("", None), ("FAILED", "ALIENS")])
def test_unknown_states_are_refused(services, alice, state, failure_type):
    services.submit(alice)
    _, attempt = services.claim()
    with pytest.raises(BadRequest, match="must be one of"):
        services.reports.report_state(attempt, state, failure_type)


def test_task_description_has_everything_that_an_attempt_needs(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    task = services.tasks.describe(attempt)
    assert (task["analytic"], task["version"], task["job_id"]) == ("voxel51/count", "1.0", job_id)
    base = f"http://platform/v1/links/attempts/{attempt.id}"
    assert task["inputs"] == {"video": {"signed-url": f"{base}/inputs/video?GET"}}
    assert task["output"] == {"signed-url": f"{base}/output?PUT"}
    assert task["logfile"] == {"signed-url": f"{base}/log?PUT"}
    assert services.tasks.file(attempt, "inputs", "video").filename == "video.mp4"
    with pytest.raises(NotFound):
        services.tasks.file(attempt, "inputs", "nope")


def test_jobs_are_claimed_in_the_order_they_were_queued(services, alice):
    submitted = [services.submit(alice) for _ in range(3)]
    assert [claim.job_id for claim in services.attempts.claim(2)] == submitted[:2]
    assert [claim.job_id for claim in services.attempts.claim(2)] == submitted[2:]


@pytest.mark.parametrize("change", [{"frame_count": 2**63}, {"size_bytes": -1}, {"duration_seconds": float("nan")}])
def test_invalid_amount_is_refused(services, alice, change):
    services.submit(alice)
    _, attempt = services.claim()
    with pytest.raises(BadRequest, match=next(iter(change))):
        services.reports.report_metadata(
            attempt, {"frame_count": 1, "duration_seconds": 1.0, "size_bytes": 1, **change}
        )
