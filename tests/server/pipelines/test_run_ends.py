"""The end of a run is an event, once, in the transaction that ends its last job."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from sqlalchemy import select

from voxel51.server.errors import BadRequest, Conflict, Forbidden, Unauthenticated
from voxel51.server.events.tables import events
from voxel51.server.pipelines.service import PipelineService

ROUNDS = 8


def ends(site):
    """Return the runs of all events of ends, in their order, and check that each follows the end of a job."""
    with site.jobs.database.read() as connection:
        rows = connection.execute(select(events).order_by(events.c.id)).all()
    found = []
    for before, row in pairwise(rows):
        if row.name == "pipeline_run_ended":
            assert before.name in {"job_complete", "job_failed"}
            assert row.job_id == ""
            found.append(row.document["pipeline_run"])
    return found


def test_run_that_is_complete_ends_once(site, alice):
    run = site.start(alice, name="Tonight")
    site.end_jobs()
    assert ends(site) == []
    site.end_jobs()

    expected = {"id": run["id"], "name": "Tonight", "state": "COMPLETE", "pipeline_id": run["pipeline_id"]}
    assert ends(site) == [{**expected, "pipeline": "Keyframes", "version": 1, "steps": 3, "complete": 3}]


def test_run_that_failed_was_cancelled_or_is_retried_ends_once_each_time(site, alice):
    run = site.start(alice)
    site.end_jobs("FAILED", "no video stream")  # two others fail with it
    assert [(each["state"], each["complete"]) for each in ends(site)] == [("FAILED", 0)]

    site.runs.retry(alice, run["id"])
    site.end_jobs()
    site.runs.cancel(alice, run["id"])
    assert [(each["state"], each["complete"]) for each in ends(site)[1:]] == [("CANCELLED", 1)]

    site.runs.retry(alice, run["id"])
    site.end_jobs()
    assert [(each["state"], each["complete"]) for each in ends(site)[2:]] == [("COMPLETE", 3)]


def test_run_of_copies_ends_with_its_start_and_with_its_retry(site, services, alice):
    inputs = {"video": {"data-id": services.add_data(alice)}}
    failed = site.start(alice, inputs=inputs, reuse_result=True)
    site.end_jobs("FAILED", "no video stream")
    site.start(alice, inputs=inputs)
    while site.end_jobs():
        pass

    copied = site.start(alice, inputs=inputs, reuse_result=True)
    site.runs.retry(alice, failed["id"])

    assert [(each["id"], each["state"]) for each in ends(site)[2:]] == [
        (copied["id"], "COMPLETE"),
        (failed["id"], "COMPLETE"),
    ]


def test_jobs_that_end_at_the_same_time_end_their_run_once(site, services, alice, given):
    given["steps"] = [{**given["steps"][1], "name": f"shots{number}"} for number in range(4)]
    pipelines: PipelineService = site.pipelines
    pipeline_id = pipelines.save(alice, given)["id"]
    inputs = {"video": {"data-id": services.add_data(alice)}}

    def end(claim):
        try:
            attempt = services.reports.authenticate(claim.credential, claim.job_id)
            services.reports.report_state(attempt, "RUNNING", None)
            services.put_output(attempt)
            services.reports.report_state(attempt, "COMPLETE", None)
        except (Conflict, Forbidden, Unauthenticated):  # it was cancelled before
            pass

    def cancel(run_id):
        try:
            site.runs.cancel(alice, run_id)
        except BadRequest as error:  # all jobs ended before
            assert "only a run that has not ended" in str(error)

    started = []
    with ThreadPoolExecutor(5) as threads:
        for number in range(ROUNDS):
            run = site.runs.start(alice, pipeline_id, {"inputs": inputs})
            acts = [threads.submit(end, claim) for claim in services.attempts.claim(4)]
            if number % 2:
                acts.append(threads.submit(cancel, run["id"]))
            for act in acts:
                act.result(timeout=60)
            started.append((run["id"], site.runs.details(alice, run["id"])["state"]))

    assert [(each["id"], each["state"]) for each in ends(site)] == started
    assert {state for _, state in started[::2]} == {"COMPLETE"}


@pytest.mark.parametrize("state", ["COMPLETE", "FAILED"])
def test_jobs_without_a_run_cause_no_such_event(site, services, alice, state):
    request = {"analytic": "voxel51/shots", "inputs": {"video": {"data-id": services.add_data(alice)}}}
    services.jobs.submit(alice, json.dumps(request).encode(), "a job", True, None)
    assert site.end_jobs(state) == 1

    assert ends(site) == []
