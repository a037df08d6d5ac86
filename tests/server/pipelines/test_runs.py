"""Runs of pipelines: all jobs are submitted at once, and the state of a run follows from its jobs."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, event, select, update

from voxel51.server.accounts.tables import users
from voxel51.server.data.tables import data
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.pipeline_tables import pipeline_run_steps, pipeline_runs
from voxel51.server.jobs.tables import jobs
from voxel51.server.pipelines import runs as run_module
from voxel51.server.pipelines.checks import PipelineChecker
from voxel51.server.pipelines.runs import PipelineRunService
from voxel51.server.pipelines.tables import pipelines
from voxel51.server.scheduling.predictions import Predictor
from voxel51.wire import dates


def test_all_jobs_are_submitted_and_run_in_the_order_of_their_inputs(services, site, alice):
    run = site.start(alice)

    assert [step["name"] for step in run["steps"]] == ["shots", "faces", "text"]
    assert [step["needs"] for step in run["steps"]] == [[], ["shots"], ["shots"]]
    assert (run["state"], run["progress"], run["parameters"]) == ("RUNNING", 0, {"level": 3})
    details = site.runs.details(alice, run["id"])
    shots, faces, text = details["steps"]
    assert "waiting_reason" in faces  # of which these services know nothing
    assert services.jobs.request(alice, faces["job_id"])["inputs"]["frames"] == {"job-id": shots["job_id"]}
    assert services.jobs.request(alice, faces["job_id"])["parameters"] == {"level": 3}
    assert services.jobs.request(alice, text["job_id"])["parameters"] == {"level": 2}
    assert services.jobs.details(alice, faces["job_id"])["name"] == "Keyframes · faces"

    assert site.end_jobs() == 1
    between = site.runs.details(alice, run["id"])
    assert (between["progress"], site.states(alice, run)) == (
        0.3333,
        {"shots": "COMPLETE", "faces": "QUEUED", "text": "QUEUED"},
    )
    assert site.end_jobs() == 2

    ended = site.runs.details(alice, run["id"])
    assert (ended["state"], ended["progress"]) == ("COMPLETE", 1)
    assert ended["end_date"] == max(step["end_date"] for step in ended["steps"])
    assert ended["outputs"] == {"faces": faces["job_id"], "text": text["job_id"]}


def test_failure_travels_with_its_reason_and_retry_runs_what_failed(services, site, alice):
    run = site.start(alice)
    site.end_jobs("FAILED", "no video stream")

    failed = site.runs.details(alice, run["id"])
    assert failed["state"] == "FAILED"
    source = f"Job Keyframes · shots ({run['steps'][0]['job_id']})"
    travelled = f"{source}, whose output this job takes, failed: no video stream"
    assert [step["message"] for step in failed["steps"]] == ["no video stream", travelled, travelled]

    again = site.runs.retry(alice, run["id"])
    assert again["state"] == "RUNNING"
    assert {step["job_id"] for step in again["steps"]}.isdisjoint(step["job_id"] for step in run["steps"])
    site.end_jobs()
    site.end_jobs()
    assert site.runs.details(alice, run["id"])["state"] == "COMPLETE"
    with pytest.raises(BadRequest, match=r"No job of run .* failed or was cancelled"):
        site.runs.retry(alice, run["id"])


def test_retry_keeps_what_is_complete_and_repeats_what_has_expired(services, site, alice):
    run = site.start(alice)
    site.end_jobs()
    site.end_jobs("FAILED", "out of luck")
    kept = site.runs.retry(alice, run["id"])
    assert kept["steps"][0]["job_id"] == run["steps"][0]["job_id"]
    assert site.end_jobs("FAILED", "again") == 2

    with services.database.write() as connection:
        shots = jobs.c.id == run["steps"][0]["job_id"]
        connection.execute(update(jobs).where(shots).values(expiration_date=dates.now() - timedelta(seconds=1)))
    services.jobs.expire()
    repeated = site.runs.retry(alice, run["id"])
    assert repeated["steps"][0]["job_id"] != run["steps"][0]["job_id"]
    assert (site.end_jobs(), site.end_jobs()) == (1, 2)
    assert site.runs.details(alice, run["id"])["state"] == "COMPLETE"


def test_cancelled_run_can_be_retried_and_deleted(services, site, alice, bob):
    run = site.start(alice)
    with pytest.raises(BadRequest, match="is RUNNING; cancel it"):
        site.runs.delete(alice, run["id"])
    with pytest.raises(NotFound):
        site.runs.cancel(bob, run["id"])

    cancelled = site.runs.cancel(alice, run["id"])
    assert cancelled["state"] == "CANCELLED"
    assert "the run 'Keyframes' of a pipeline was cancelled" in cancelled["steps"][0]["message"]
    assert site.end_jobs() == 0
    with pytest.raises(BadRequest, match="is CANCELLED; only a run that has not ended"):
        site.runs.cancel(alice, run["id"])
    assert site.runs.retry(alice, run["id"])["state"] == "RUNNING"
    assert (site.end_jobs(), site.end_jobs()) == (1, 2)

    site.runs.delete(alice, run["id"])
    assert site.runs.all(alice, pipeline_id=None, limit=10, cursor=None)["runs"] == []
    assert services.jobs.details(alice, run["steps"][0]["job_id"])["state"] in {"COMPLETE", "FAILED"}


def test_nothing_is_submitted_if_a_step_is_refused(services, site, alice, given):
    data_id = services.add_data(alice)
    pipeline = site.pipelines.save(alice, given)
    count, inputs = site.count_jobs(), {"video": {"data-id": data_id}}

    for new, match in (
        ({}, r"Input 'video' is missing; set it under 'inputs'"),
        ({"inputs": {"film": {"data-id": data_id}}}, r"no input 'film'; its inputs are video"),
        ({"inputs": {"video": {"data-id": "none"}}}, r"Step 'shots': .*none"),
        ({"inputs": {"video": {}}}, r"Input 'video' must be"),
        ({"inputs": inputs, "parameters": {"size": 1}}, r"no parameter 'size'"),
        ({"inputs": inputs, "parameters": {"level": "x"}}, r"'level' takes a Number"),
        (
            {"inputs": inputs, "parameters": {"level": "1" * 20_000}},
            r"'parameters' has 2\d+ bytes",
        ),
        ({"inputs": inputs, "scheduling": {"priority": 99999}}, r"'priority' must be"),
        ({"inputs": inputs, "name": " "}, r"not a valid name of a run"),
    ):
        with pytest.raises(BadRequest, match=match):
            site.runs.start(alice, pipeline["id"], new)
    with pytest.raises(NotFound, match="has no version 7"):
        site.runs.start(alice, pipeline["id"], {"version": 7})

    assert site.count_jobs() == count
    assert site.runs.all(alice, pipeline_id=None, limit=10, cursor=None)["runs"] == []


def test_number_of_statements_does_not_grow_with_the_steps(site, services, alice, given):
    counts = []
    for copies in (1, 1, 9):  # the first run also reads what is kept for a while
        shots, others = given["steps"][1], [given["steps"][0], given["steps"][2]]
        steps = [{**step, "name": f"{step['name']}{number}"} for number in range(copies) for step in others]
        pipeline = site.pipelines.save(alice, {**given, "steps": [shots, *steps]})
        inputs = {"video": {"data-id": services.add_data(alice)}}
        statements = []

        def note(*call, noted=statements):
            noted.append(call[2])

        event.listen(services.database.engine, "before_cursor_execute", note)
        run = site.runs.start(alice, pipeline["id"], {"inputs": inputs})
        event.remove(services.database.engine, "before_cursor_execute", note)
        assert len(run["steps"]) == 1 + 2 * copies
        counts.append(len(statements))

    assert counts[1] == counts[2]


def test_progress_is_weighted_by_the_run_times_of_earlier_jobs(services, site, alice):
    inputs = {"video": {"data-id": services.add_data(alice)}}
    first = site.start(alice, inputs=inputs)
    assert [step["weight"] for step in first["steps"]] == [0.333333] * 3  # nothing is known
    while site.end_jobs():
        pass
    with services.database.write() as connection:
        for step, seconds in zip(first["steps"], (80, 10, 10), strict=True):
            [ended] = connection.execute(select(jobs.c.completion_date).where(jobs.c.id == step["job_id"])).scalars()
            changed = update(jobs).where(jobs.c.id == step["job_id"])
            connection.execute(changed.values(start_date=ended - timedelta(seconds=seconds)))
    checker = PipelineChecker(services.jobs.submission)
    site.runs = PipelineRunService(services.database, checker, services.jobs, services.actions, Predictor())

    run = site.start(alice, inputs=inputs)
    assert [step["weight"] for step in run["steps"]] == [0.8, 0.1, 0.1]
    site.end_jobs()
    assert site.runs.details(alice, run["id"])["progress"] == 0.8
    site.end_jobs()
    assert site.runs.details(alice, run["id"])["progress"] == 1

    changed = site.start(alice, inputs=inputs, parameters={"level": 9}, reuse_result=True)
    assert [step["weight"] for step in changed["steps"]] == [0, 1, 0]  # the others are copies
    assert (changed["progress"], site.end_jobs()) == (0, 1)
    assert site.runs.details(alice, changed["id"])["progress"] == 1


def test_run_is_retried_by_one_of_two_requests_at_the_same_time(site, alice, monkeypatch):
    run = site.start(alice)
    site.end_jobs("FAILED", "no video stream")
    find, results = run_module._steps_to_repeat, []

    def retry_first(steps):
        monkeypatch.setattr(run_module, "_steps_to_repeat", find)
        results.append(site.runs.retry(alice, run["id"]))
        return find(steps)

    monkeypatch.setattr(run_module, "_steps_to_repeat", retry_first)
    before = site.count_jobs()
    with pytest.raises(BadRequest, match="was retried or deleted by another request at the same time"):
        site.runs.retry(alice, run["id"])

    assert results[0]["state"] == "RUNNING"
    assert site.count_jobs() == before + 3


def test_parameter_without_default_must_be_set(site, services, alice, given):
    del given["parameters"][0]["default"]
    with pytest.raises(BadRequest, match=r"Parameter 'level' \(Number\) has no default"):
        site.start(alice, given)

    run = site.start(alice, given, parameters={"level": "7"})
    assert run["parameters"] == {"level": 7}
    assert services.jobs.request(alice, run["steps"][1]["job_id"])["parameters"] == {"level": 7}


def test_scheduling_options_hold_for_all_jobs(services, site, alice):
    later = dates.to_text(dates.now() + timedelta(hours=1))
    run = site.start(alice, scheduling={"priority": 5, "not_before": later, "timeout_seconds": 60}, name="Tonight")

    assert (run["name"], run["scheduling"]["priority"]) == ("Tonight", 5)
    for step in run["steps"]:
        assert services.jobs.details(alice, step["job_id"])["scheduling"] == run["scheduling"]
    assert site.end_jobs() == 0


def test_output_of_a_job_is_an_input_of_a_run(services, site, alice, given):
    source = site.start(alice)["steps"][0]["job_id"]
    given["inputs"].append({"name": "marks", "type": "VideoLabels"})
    given["steps"][0]["inputs"]["frames"] = {"input": "marks"}
    inputs = {"video": {"data-id": services.add_data(alice)}, "marks": {"job-id": source}}

    run = site.start(alice, given, inputs=inputs)

    faces = next(step for step in run["steps"] if step["name"] == "faces")
    assert services.jobs.request(alice, faces["job_id"])["inputs"]["frames"] == {"job-id": source}
    assert faces["needs"] == []


def test_run_names_its_version(site, services, alice, given):
    first = site.start(alice, given)
    given["steps"].pop()
    second = site.start(alice, given)
    data_id = services.add_data(alice)
    old = site.runs.start(alice, first["pipeline_id"], {"version": 1, "inputs": {"video": {"data-id": data_id}}})

    assert [run["version"] for run in (first, second, old)] == [1, 2, 1]
    assert [len(run["steps"]) for run in (first, second, old)] == [3, 2, 3]


def test_runs_are_paged_and_of_one_pipeline(site, alice, bob, given):
    ids = [site.start(alice)["id"] for _ in range(3)]
    other = site.start(alice, {**given, "name": "Other"})
    site.start(bob)

    page = site.runs.all(alice, pipeline_id=None, limit=2, cursor=None)
    rest = site.runs.all(alice, pipeline_id=None, limit=2, cursor=page["next_cursor"])
    of_one = site.runs.all(alice, pipeline_id=other["pipeline_id"], limit=2, cursor=None)

    assert [run["id"] for run in page["runs"] + rest["runs"]] == [other["id"], *reversed(ids)]
    assert rest["next_cursor"] is None
    assert [run["id"] for run in of_one["runs"]] == [other["id"]]
    assert len(site.runs.export(alice)) == 4
    with pytest.raises(NotFound):
        site.runs.all(bob, pipeline_id=None, limit=2, cursor=ids[0])


def test_oldest_ended_runs_are_deleted(site, alice, monkeypatch):
    monkeypatch.setattr(run_module, "KEPT_RUNS", 3)
    first = site.start(alice)
    second = site.start(alice)
    site.runs.cancel(alice, second["id"])
    for _ in range(2):
        site.start(alice)

    left = [run["id"] for run in site.runs.all(alice, pipeline_id=None, limit=10, cursor=None)["runs"]]
    assert len(left) == 3
    assert first["id"] in left  # it has not ended
    assert second["id"] not in left


def test_pipelines_and_runs_end_with_the_account(services, site, alice):
    site.start(alice)
    with services.database.write() as connection:
        connection.execute(delete(jobs))
        connection.execute(delete(data))
        assert len(connection.execute(pipelines.select()).all()) == 1
        connection.execute(delete(users).where(users.c.id == alice.id))
        for table in (pipelines, pipeline_runs, pipeline_run_steps):
            assert connection.execute(table.select()).all() == []
