"""Activity of running jobs: log lines and samples, kept within bounds, for the owner and for operators."""

import pytest
from sqlalchemy import update

from voxel51.server.errors import BadRequest, Forbidden, NotFound
from voxel51.server.jobs.attempts import Settlement
from voxel51.server.jobs.tables import jobs
from voxel51.wire.activity import MAX_LOG_CHARACTERS, MAX_SAMPLES


def report(services, attempt, log="", **values):
    services.activity.add(attempt, {"cpu": 0.5, "memory_bytes": 1000, "log": log, **values})


def test_owner_and_operators_follow_a_running_job(services, alice, bob):
    job_id = services.submit(alice)
    assert services.activity.of(alice, job_id) == {"state": "QUEUED", "samples": [], "log": "", "log_end": 0}
    _, attempt = services.claim()
    report(services, attempt, "first line\n")
    report(services, attempt, "second line\n", frames_per_second=12.3456)

    activity = services.activity.of(alice, job_id)

    assert (activity["log"], activity["log_end"]) == ("first line\nsecond line\n", 23)
    assert [sample.get("frames_per_second") for sample in activity["samples"]] == [None, 12.35]
    assert services.activity.of_any(job_id) == activity
    with pytest.raises(NotFound):
        services.activity.of(bob, job_id)


def test_what_is_kept_is_bounded_and_covers_the_whole_run(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    for number in range(2 * MAX_SAMPLES):
        report(services, attempt, f"{number:06}" * 100, cpu=float(number))

    activity = services.activity.of(alice, job_id)

    assert (len(activity["log"]), activity["log_end"]) == (MAX_LOG_CHARACTERS, 2 * MAX_SAMPLES * 600)
    assert activity["log"].endswith(f"{2 * MAX_SAMPLES - 1:06}")
    used = [sample["cpu"] for sample in activity["samples"]]
    assert (used[0], used == sorted(used), len(used) <= MAX_SAMPLES) == (0, True, True)


def test_next_attempt_begins_afresh_and_the_earlier_one_is_refused(services, alice):
    job_id = services.submit(alice)
    _, lost = services.claim()
    report(services, lost, "lost\n")
    services.attempts.settle(lost.id, Settlement.RELEASED, "the platform stops")
    _, attempt = services.claim()
    report(services, attempt, "new\n")

    activity = services.activity.of(alice, job_id)
    assert (activity["log"], activity["log_end"]) == ("new\n", 4)
    with pytest.raises(Forbidden):
        report(services, lost, "late\n")


@pytest.mark.parametrize("values", [{"cpu": -1}, {"memory_bytes": 2**63}, {"frames_per_second": float("inf")}])
def test_impossible_numbers_are_refused(services, running, values):
    with pytest.raises(BadRequest):
        report(services, running, **values)


def test_activity_is_deleted_when_the_job_has_expired(services, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    report(services, attempt, "line\n")
    assert services.activity.expire() == 0
    with services.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(expired=True))

    assert services.activity.expire() == 1
    assert services.activity.of(alice, job_id)["samples"] == []
