"""Outlook of jobs: why they wait, and when they are expected to start and end."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from support.job_services import DOCUMENT
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.jobs.queue_positions import QueuePositions
from voxel51.server.jobs.tables import jobs
from voxel51.server.scheduling.outlook import QueueOutlook
from voxel51.server.scheduling.waiting import Engine
from voxel51.wire import dates


class FakeEngine:
    """Engine whose state the test sets."""

    def __init__(self):
        self.obstacle, self.total, self.used, self.gpus, self.needs_gpu = None, 1, 0, 0, 0.0

    def view(self):
        return Engine(
            lambda: self.obstacle,
            lambda: {"total_slots": self.total, "used_slots": self.used},
            lambda: self.gpus,
            lambda _analytic_id, _mode: self.needs_gpu,
        )


@pytest.fixture
def engine(services, controls):
    engine = FakeEngine()
    limits = services.quotas.most_running
    clock = iter(range(0, 10**6, 60)).__next__  # nothing is used again
    services.jobs._outlook = QueueOutlook(limits, QueuePositions(limits), engine.view(), clock).of
    return engine


def set_columns(services, job_id, **values):
    with services.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))


def complete(services, user, seconds, media):
    job_id = services.submit(user)
    [claim] = services.attempts.claim(1)
    attempt = services.reports.authenticate(claim.credential, job_id)
    services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)
    end = dates.now()
    values = {"start_date": end - timedelta(seconds=seconds), "completion_date": end, "duration_seconds": media}
    set_columns(services, job_id, **values)


def reason(services, user, job_id):
    return services.jobs.details(user, job_id)["waiting_reason"]


def test_reason_names_what_a_queued_job_waits_for(services, controls, engine, alice):
    job_id = services.submit(alice)
    assert reason(services, alice, job_id) is None
    engine.used = 1
    assert reason(services, alice, job_id) == "waits for a slot: 0 of 1 free"
    set_columns(services, job_id, failure_message="No node can run the job, which needs 2 GPU: all have less.")
    assert reason(services, alice, job_id) == "no node can run the job, which needs 2 GPU: all have less"
    set_columns(services, job_id, failure_message=None)
    engine.obstacle = "the disk is full"
    assert reason(services, alice, job_id) == "the disk is full"
    for subject, text in (
        (("analytic", "voxel51/count"), "the analytic voxel51/count is paused by the operator: no licence"),
        (("user", "alice"), "your jobs are paused by the operator: no licence"),
        (("queue", None), "the queue is paused by the operator: no licence"),
    ):
        controls.pause(COMMAND_LINE, controls.subject(*subject), "no licence")
        assert reason(services, alice, job_id) == text
    set_columns(services, job_id, not_before=dates.from_text("2999-01-02T03:04:05Z"))
    assert reason(services, alice, job_id) == "held until 2999-01-02 03:04 UTC"


def test_reason_names_the_job_whose_output_a_job_takes(services, engine, alice):
    document = {**DOCUMENT, "inputs": [{"name": "table", "type": "types.File", "description": "", "required": True}]}
    document["info"] = {**DOCUMENT["info"], "name": "sum"}
    documents = {"voxel51/count": DOCUMENT, "voxel51/sum": document}
    services.analytics.install([InstalledAnalytic(name, each, preload_safe=True) for name, each in documents.items()])
    source = services.submit(alice, auto_start=False)
    content = json.dumps({"analytic": "voxel51/sum", "inputs": {"table": {"job-id": source}}}).encode()
    job_id = services.jobs.submit(alice, content, "sum", True, None)["id"]

    assert reason(services, alice, job_id) == f"waits for job a job ({source}), which was not started"
    services.act("start", alice, source)
    assert reason(services, alice, job_id) == f"waits for job a job ({source})"


def test_reason_names_the_limit_that_is_reached(services, controls, engine, alice):
    services.submit(alice)
    services.attempts.claim(1)
    job_id = services.submit(alice)
    controls.limit(COMMAND_LINE, controls.subject("analytic", "voxel51/count"), 1)
    assert reason(services, alice, job_id) == "the limit of 1 running job of this analytic"
    services.quotas.grant(COMMAND_LINE, alice, {"running_jobs": 1})
    assert reason(services, alice, job_id) == "your limit of 1 running job"


def test_claimed_job_that_needs_a_gpu_names_the_gpus(services, engine, alice):
    job_id = services.submit(alice)
    services.attempts.claim(1)
    engine.gpus, engine.needs_gpu = 1, 1.0
    assert reason(services, alice, job_id) is None
    other = services.submit(alice)
    [claim] = services.attempts.claim(1)
    services.reports.report_state(services.reports.authenticate(claim.credential, other), "RUNNING", None)

    assert reason(services, alice, job_id) == "waits for a GPU: 0 of 1 free"


def test_start_and_end_are_estimated_from_earlier_jobs(services, engine, alice):
    complete(services, alice, seconds=100, media=50)
    first, second = services.submit(alice), services.submit(alice)
    details = services.jobs.details_of_many(alice, [first, second])
    now = dates.now()

    def seconds_until(job_id, name):
        return (dates.from_text(details[job_id][name]) - now).total_seconds()

    assert seconds_until(first, "estimated_start") == pytest.approx(0, abs=10)
    assert seconds_until(first, "estimated_completion") == pytest.approx(100, abs=10)
    assert seconds_until(second, "estimated_start") == pytest.approx(100, abs=10)
    assert seconds_until(second, "estimated_completion") == pytest.approx(200, abs=10)


def test_nothing_is_estimated_without_earlier_jobs_or_while_paused(services, controls, engine, alice):
    job_id = services.submit(alice)
    assert services.jobs.details(alice, job_id)["estimated_start"] is None
    services.act("kill", alice, job_id)
    complete(services, alice, seconds=100, media=50)
    job_id = services.submit(alice)
    assert services.jobs.details(alice, job_id)["estimated_start"] is not None
    controls.pause(COMMAND_LINE, controls.subject("queue", None), None)

    job = services.jobs.details(alice, job_id)
    assert (job["estimated_start"], job["estimated_completion"]) == (None, None)
