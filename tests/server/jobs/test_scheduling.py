"""Scheduling options: priorities, holds, deadlines, time limits and retries, from the submission to the claim."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from voxel51.server.errors import BadRequest
from voxel51.server.jobs.attempts import Settlement
from voxel51.server.jobs.scheduling import read_options
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates


def submit(services, user, **options):
    request = {"analytic": "voxel51/count", "inputs": {"video": {"data-id": services.add_data(user)}}}
    return services.jobs.submit(user, json.dumps(request).encode(), "a job", True, None, json.dumps(options))["id"]


def in_future(seconds=3600):
    return dates.to_text(dates.now() + timedelta(seconds=seconds))


def set_columns(services, job_id, **values):
    with services.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))


def fail(services, claim, kind="ANALYTIC"):
    attempt = services.reports.authenticate(claim.credential, claim.job_id)
    services.reports.report_state(attempt, "RUNNING", None)
    services.reports.put_status(attempt.id, json.dumps({"messages": [{"message": "no memory left"}]}))
    services.reports.report_state(attempt, "FAILED", kind)
    services.attempts.settle(claim.attempt_id, Settlement.ANALYTIC_FAILED, "exit 1")


def test_jobs_of_one_owner_start_by_priority(services, alice):
    usual, low, high, second = (submit(services, alice, priority=each) for each in (0, -5, 7, 0))
    order = [usual, second, low]
    positions = services.jobs.details_of_many(alice, [high, *order])
    assert [positions[job_id]["queue_position"] for job_id in (high, *order)] == [1, 2, 3, 4]

    assert [services.attempts.claim(1)[0].job_id for _ in range(4)] == [high, *order]


def test_held_job_waits_until_its_date(services, alice):
    held = submit(services, alice, not_before=in_future())
    assert services.attempts.claim(5) == []
    other = services.submit(alice)
    assert [claim.job_id for claim in services.attempts.claim(5)] == [other]
    set_columns(services, held, not_before=dates.now() - timedelta(seconds=1))

    assert [claim.job_id for claim in services.attempts.claim(5)] == [held]


@pytest.mark.parametrize("is_claimed", [False, True])
def test_job_that_misses_its_deadline_is_cancelled(services, alice, is_claimed):
    late, other = submit(services, alice, deadline=in_future()), submit(services, alice, deadline=in_future())
    claims = services.attempts.claim(5) if is_claimed else []
    set_columns(services, late, deadline=dates.now() - timedelta(seconds=1))

    services.attempts.cancel_overdue()

    job = services.jobs.details(alice, late)
    assert (job["state"], job["failure_type"]) == ("FAILED", "USER")
    assert job["failure_message"].startswith("Cancelled: it had not finished by its deadline, 20")
    assert services.attempts.attempts_to_stop() == [claim.attempt_id for claim in claims if claim.job_id == late]
    assert services.jobs.details(alice, other)["state"] != "FAILED"


def test_claim_names_the_time_limit(services, alice):
    submit(services, alice, timeout_seconds=90)

    assert [claim.timeout_seconds for claim in services.attempts.claim(1)] == [90]


def test_failed_job_runs_again_as_often_as_its_retries_allow(services, alice):
    job_id = submit(services, alice, retry={"ANALYTIC": {"count": 2, "backoff_seconds": 7}})
    for number, seconds in ((1, 7), (2, 14)):
        fail(services, *services.attempts.claim(1))
        assert services.attempts.claim(1) == []  # during the pause
        job = services.jobs.find(alice.id, job_id)
        message = f"no memory left. Retry {number} of 2 starts after {seconds} s."
        assert (job["state"], job["failure_message"]) == ("QUEUED", message)
        services.end_pauses()
    fail(services, *services.attempts.claim(1))

    job = services.jobs.details(alice, job_id)
    assert (job["state"], job["failure_type"]) == ("FAILED", "ANALYTIC")
    assert job["failure_message"] == "no memory left"


def test_failure_of_another_type_is_not_retried(services, alice):
    job_id = submit(services, alice, retry={"PLATFORM": {"count": 5}})
    fail(services, *services.attempts.claim(1))

    assert services.jobs.details(alice, job_id)["state"] == "FAILED"


def test_attempt_with_a_retry_may_still_report_until_it_ends(services, alice):
    job_id = submit(services, alice, retry={"ANALYTIC": {"count": 1}})
    [claim] = services.attempts.claim(1)
    attempt = services.reports.authenticate(claim.credential, job_id)
    services.reports.report_state(attempt, "FAILED", "ANALYTIC")
    services.reports.report_state(attempt, "COMPLETE", None)  # the first reported end counts
    assert services.jobs.details(alice, job_id)["state"] in {"SCHEDULED", "RUNNING"}
    services.put_output(attempt)
    services.attempts.settle(claim.attempt_id, Settlement.RELEASED, "the platform stops")

    assert services.jobs.details(alice, job_id)["state"] == "QUEUED"


def test_cancelled_job_shows_the_reason_and_is_not_retried(services, alice):
    job_id = submit(services, alice, retry={"ANALYTIC": {"count": 1}})
    [claim] = services.attempts.claim(1)
    services.act("kill", alice, job_id, " wrong video ")
    services.attempts.settle(claim.attempt_id, Settlement.ANALYTIC_FAILED, "killed")

    job = services.jobs.details(alice, job_id)
    assert (job["state"], job["failure_message"]) == ("FAILED", "Cancelled by its owner: wrong video")


def test_details_show_the_options(services, alice):
    deadline = in_future()
    options = {"priority": 3, "deadline": deadline, "retry": {"PLATFORM": {"count": 1}}}
    assert services.jobs.details(alice, submit(services, alice, **options))["scheduling"] == options
    assert services.jobs.details(alice, services.submit(alice))["scheduling"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"priority": 101}, "'priority' must be a whole number from -100 to 100, not 101"),
        ({"priority": 1.5}, "'priority' must be a whole number"),
        ({"priority": True}, "'priority' must be a whole number"),
        ({"timeout_seconds": 10**400}, "'timeout_seconds' must be a number from 1 to"),
        ({"timeout_seconds": "60"}, "'timeout_seconds' must be a number"),
        ({"deadline": "2020-01-01"}, "The deadline 2020-01-01T00:00:00.000Z is in the past"),
        ({"deadline": "soon"}, "'deadline': 'soon' is not an ISO 8601 date"),
        ({"not_before": 5}, "'not_before' must be a date and time"),
        ({"not_before": "2999-01-02", "deadline": "2999-01-01"}, "could never run"),
        ({"retry": 3}, "'retry' must be an object"),
        ({"retry": {"USER": {"count": 1}}}, "Failures of type 'USER' are not retried"),
        ({"retry": {"ANALYTIC": {}}}, "'retry.ANALYTIC' needs a count"),
        ({"retry": {"ANALYTIC": {"count": 1, "backoff_seconds": 4000}}}, "from 0 to 3600"),
        ({"prio": 1}, "'prio' is not an option of 'scheduling'; the options are priority"),
    ],
)
def test_invalid_options_are_named(options, message):
    with pytest.raises(BadRequest) as error:
        read_options(json.dumps(options))
    assert message in str(error.value)
