"""Scheduled pipelines: at each due time, a run for each selected video without a result."""

import pytest

from support.job_batches import ANALYTIC
from voxel51.server.errors import BadRequest, NotFound

DOCUMENT = {
    "schema_version": 1,
    "name": "Nightly",
    "inputs": [{"name": "video"}],
    "parameters": [{"name": "level", "type": "Number", "default": 1}],
    "steps": [
        {
            "name": "only",
            "analytic": ANALYTIC,
            "inputs": {"video": {"input": "video"}},
            "parameters": {"level": {"parameter": "level"}},
        }
    ],
}


def schedule(site, user, pipeline, **given):
    run = {"type": "pipeline", "pipeline": {"pipeline": pipeline["id"], **given}}
    return site.schedules.create(user, {"cron": "0 3 * * *", "run": run, "name": "At night"})


def runs(site, user):
    return site.runs.all(user, pipeline_id=None, limit=100, cursor=None)["runs"]


def test_each_due_time_runs_the_pipeline_on_new_videos(site, alice):
    pipeline = site.pipelines.save(alice, DOCUMENT)
    first, second = site.upload(alice, 1), site.upload(alice, 2)
    collection = site.collection(alice, first, second)
    made = schedule(site, alice, pipeline, selection={"collection": collection}, parameters={"level": 4})
    site.run("2030-01-02T03:00:10")
    started = runs(site, alice)
    assert {run["inputs"]["video"]["data-id"] for run in started} == {first, second}
    assert {run["parameters"]["level"] for run in started} == {4}
    assert started[0]["name"].startswith("At night · ")
    [group] = {run["group_id"] for run in started}
    last = site.schedules.details(alice, made["id"])["last_run"]
    assert last["started"] == {"type": "pipeline", "id": group, "state": "RUNNING"}

    site.batches.end_jobs()
    assert site.schedules.details(alice, made["id"])["last_run"]["started"]["state"] == "ENDED"
    third = site.upload(alice, 3)
    site.members.add(alice, collection, [third], ())
    site.run("2030-01-03T03:00:10")
    assert runs(site, alice)[0]["inputs"] == {"video": {"data-id": third}}
    assert len(runs(site, alice)) == 3
    of_group = site.runs.all(alice, pipeline_id=None, limit=9, cursor=None, group_id=group)["runs"]
    assert len(of_group) == 2

    site.run("2030-01-04T03:00:10")
    last = site.schedules.details(alice, made["id"])["last_run"]
    assert (last["state"], last["message"]) == ("EMPTY", "All selected videos have a result")


def test_failed_and_changed_pipelines_run_again(site, alice):
    pipeline = site.pipelines.save(alice, DOCUMENT)
    data_id = site.upload(alice, 1)
    schedule(site, alice, pipeline, selection={"data_ids": [data_id]})
    site.run("2030-01-02T03:00:10")
    site.batches.end_jobs("FAILED", "ANALYTIC")
    site.run("2030-01-03T03:00:10")
    assert len(runs(site, alice)) == 2
    site.batches.end_jobs()
    site.pipelines.save(alice, {**DOCUMENT, "description": "another version"})
    site.run("2030-01-04T03:00:10")
    assert [run["version"] for run in runs(site, alice)] == [2, 1, 1]


def test_fresh_runs_on_all_videos_each_time(site, alice):
    pipeline = site.pipelines.save(alice, DOCUMENT)
    schedule(site, alice, pipeline, selection={"data_ids": [site.upload(alice, 1)]}, fresh=True)
    for day in (2, 3):
        site.run(f"2030-01-0{day}T03:00:10")
        site.batches.end_jobs()
    assert len(runs(site, alice)) == 2


def test_invalid_pipelines_are_refused_and_a_deleted_one_fails(site, alice, bob):
    pipeline = site.pipelines.save(alice, DOCUMENT)
    data_id = site.upload(alice, 1)
    selection = {"data_ids": [data_id]}
    with pytest.raises(NotFound):
        schedule(site, bob, pipeline, selection=selection)
    for given, match in (
        ({"parameters": {"depth": 1}}, r"no parameter 'depth'"),
        ({"scheduling": {"deadline": "2031-01-01T00:00:00Z"}}, r"'scheduling.deadline' is a fixed date"),
    ):
        with pytest.raises(BadRequest, match=match):
            schedule(site, alice, pipeline, selection=selection, **given)
    without_inputs = {"name": "None", "steps": [{"name": "only", "analytic": ANALYTIC}]}
    with pytest.raises(BadRequest):
        site.pipelines.save(alice, without_inputs)

    made = schedule(site, alice, pipeline, selection=selection)
    site.pipelines.delete(alice, pipeline["id"])
    site.run("2030-01-02T03:00:10")
    last = site.schedules.details(alice, made["id"])["last_run"]
    assert last["state"] == "FAILED"
    assert "not found" in last["message"]


def test_schedule_of_a_shared_pipeline_fails_with_the_reason_once_the_share_has_ended(site, alice, bob):
    pipeline = site.pipelines.save(alice, DOCUMENT)
    site.pipelines.share(alice, pipeline["id"], "bob")
    made = schedule(site, bob, pipeline, selection={"data_ids": [site.upload(bob, 1)]}, fresh=True)
    site.run("2030-01-02T03:00:10")
    assert (len(runs(site, bob)), runs(site, alice)) == (1, [])

    site.pipelines.unshare(alice, pipeline["id"], "bob")
    site.run("2030-01-03T03:00:10")
    last = site.schedules.details(bob, made["id"])["last_run"]
    assert last["state"] == "FAILED"
    assert "Pipeline 'Nightly'" in last["message"]
    assert "is no longer shared with you" in last["message"]
    assert site.batches.end_jobs() == 1
    assert [run["state"] for run in runs(site, bob)] == ["COMPLETE"]
    with pytest.raises(NotFound, match="no longer shared"):
        schedule(site, bob, pipeline, selection={"data_ids": [site.upload(bob, 2)]})
