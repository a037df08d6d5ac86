"""Schedules: batches are created at due times, each once, and runs that start nothing say why."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import update

from support.job_batches import ANALYTIC
from voxel51.server.accounts.tables import users
from voxel51.server.errors import BadRequest, NotFound, Unavailable
from voxel51.server.schedules.starter import ScheduleStarter
from voxel51.wire import dates
from voxel51.wire.schedules import ScheduledType


def due(site, user, schedule):
    return [(run["due_date"][:16], run["state"]) for run in site.schedules.runs(user, schedule["id"])]


def test_every_due_time_creates_a_batch_of_what_the_collection_has_then(site, alice, bob):
    [first, second] = [site.upload(alice, number) for number in range(2)]
    place = site.collection(alice, first, site.jobs.add_data(alice, b"weights", "model.onnx"))
    schedule = site.create(alice, {"collection": place}, name="Nightly", time_zone="Europe/Berlin")
    assert (schedule["next_date"], schedule["last_run"]) == ("2030-01-02T02:00:00.000Z", None)

    site.run("2030-01-02 01:59:59")
    assert site.all_batches(alice) == []
    site.run("2030-01-02 02:00:01")
    site.members.add(alice, place, [second], ())
    site.run("2030-01-02 12:00:00")
    site.run("2030-01-03 02:00:00")

    newest, oldest = site.all_batches(alice)
    assert [newest["name"], newest["items"], oldest["items"]] == ["Nightly", 2, 1]
    assert due(site, alice, schedule) == [("2030-01-03T02:00", "STARTED"), ("2030-01-02T02:00", "STARTED")]
    found = site.schedules.details(alice, schedule["id"])
    assert found["next_date"] == "2030-01-04T02:00:00.000Z"
    assert found["last_run"]["started"] == {"type": "batch", "id": newest["id"], "state": "RUNNING"}
    with pytest.raises(NotFound):
        site.schedules.runs(bob, schedule["id"])


def test_an_analytic_that_is_named_without_its_owner_is_the_users(site, alice):
    owner = replace(alice, name=ANALYTIC.partition("/")[0])
    with site.jobs.database.write() as connection:
        connection.execute(update(users).where(users.c.id == alice.id).values(name=owner.name))
    batch = {"analytic": ANALYTIC.partition("/")[2], "selection": {"data_ids": [site.upload(owner, 1)]}}
    schedule = site.schedules.create(owner, {"cron": "0 3 * * *", "run": {"type": "batch", "batch": batch}})

    site.run("2030-01-02 03:00:01")

    assert due(site, owner, schedule) == [("2030-01-02T03:00", "STARTED")]


def test_two_processes_and_a_crash_start_each_due_time_once(site, alice, monkeypatch):
    schedule = site.create(alice, {"data_ids": [site.upload(alice, 1)]})
    other, started = ScheduleStarter(site.jobs.database, {ScheduledType.BATCH: site.work}, site.clock), []

    create = site.work.start

    def both(owner, name, work, within):
        if not started:  # the other process comes to the same due time before this one has recorded it
            started.append(name)
            other.advance()
        return create(owner, name, work, within)

    with monkeypatch.context() as patch:
        patch.setattr(site.starter, "_record", killed)
        with pytest.raises(RuntimeError, match="killed"):
            site.run("2030-01-02 03:00")
        assert (site.all_batches(alice), due(site, alice, schedule)) == ([], [])

    monkeypatch.setattr(site.work, "start", both)
    site.run("2030-01-02 03:01")
    site.run("2030-01-02 03:02")
    assert len(site.all_batches(alice)) == 1
    assert due(site, alice, schedule) == [("2030-01-02T03:00", "STARTED")]


def killed(*_: object) -> None:
    raise RuntimeError("killed")


def test_missed_runs_are_made_up_for_once_or_skipped(site, alice):
    videos = {"data_ids": [site.upload(alice, 1)]}
    once = site.create(alice, videos, cron="0 * * * *")
    skip = site.create(alice, videos, cron="0 * * * *", missed_runs="skip")

    site.run("2030-01-05 10:30")
    assert due(site, alice, once) == [("2030-01-01T13:00", "STARTED")]
    [skipped] = site.schedules.runs(alice, skip["id"])
    assert (skipped["state"], skipped["started"]) == ("SKIPPED", None)
    assert "5610 minutes late" in skipped["message"]
    site.run("2030-01-05 11:05")  # a little late, which is not missed
    assert [len(due(site, alice, each)) for each in (once, skip)] == [2, 2]
    assert due(site, alice, skip)[0] == ("2030-01-05T11:00", "STARTED")


def test_runs_that_start_nothing_say_why(site, alice):
    place = site.collection(alice)
    schedule = site.create(alice, {"collection": place})
    crowded = site.create(alice, {"data_ids": [site.upload(alice, 1)]}, cron="* * * * *")

    site.run("2030-01-02 03:00")
    site.collections.delete(alice, place)
    site.run("2030-01-03 03:00")
    gone, empty = site.schedules.runs(alice, schedule["id"])
    assert (empty["state"], empty["message"]) == ("EMPTY", "No video is selected. Change the selection.")
    assert gone["state"] == "FAILED"
    assert f"Collection '{place}' not found" in gone["message"]
    assert site.schedules.details(alice, schedule["id"])["last_run"] == gone

    for minute in range(10):
        site.run(f"2030-01-03 04:{minute:02}")
    last = site.schedules.details(alice, crowded["id"])["last_run"]
    assert last["state"] == "FAILED"
    assert "the maximum is 5" in last["message"]


def test_a_failure_of_the_platform_does_not_fail_the_run(site, alice, monkeypatch):
    schedule = site.create(alice, {"data_ids": [site.upload(alice, 1)]})

    def away(*_: object, **__: object) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(site.batches.service, "create", away)
        with pytest.raises(Unavailable):
            site.run("2030-01-02 03:00")
    assert due(site, alice, schedule) == []
    site.run("2030-01-02 03:01")
    assert due(site, alice, schedule) == [("2030-01-02T03:00", "STARTED")]


def test_paused_schedules_and_those_of_suspended_owners_run_nothing(site, alice):
    schedule = site.create(alice, {"data_ids": [site.upload(alice, 1)]})
    assert site.schedules.pause(alice, schedule["id"])["next_date"] is None
    with pytest.raises(BadRequest, match="PAUSED, not ACTIVE"):
        site.schedules.pause(alice, schedule["id"])
    site.run("2030-01-09 03:00")
    assert site.schedules.resume(alice, schedule["id"])["next_date"] == "2030-01-10T03:00:00.000Z"
    with site.jobs.database.write() as connection:
        connection.execute(update(users).where(users.c.id == alice.id).values(suspended_at=dates.now()))
    site.run("2030-01-10 03:00")
    assert due(site, alice, schedule) == []


def test_changes_take_effect_from_now_on(site, alice, bob):
    schedule = site.create(alice, {"data_ids": [site.upload(alice, 1)]})
    changed = site.schedules.change(alice, schedule["id"], {"cron": "0  5 * * *", "name": " Early "})
    assert (changed["cron"], changed["name"], changed["next_date"]) == (
        "0 5 * * *",
        "Early",
        "2030-01-02T05:00:00.000Z",
    )
    site.schedules.pause(alice, schedule["id"])
    assert site.schedules.change(alice, schedule["id"], {"time_zone": "Asia/Tokyo"})["next_date"] is None
    for user, changes, error in (
        (bob, {"name": "stolen"}, NotFound),
        (alice, {}, BadRequest),
        (alice, {"name": "\u202e"}, BadRequest),
        (alice, {"missed_runs": "never"}, BadRequest),
    ):
        with pytest.raises(error):
            site.schedules.change(user, schedule["id"], changes)
    site.schedules.delete(alice, schedule["id"])
    assert site.schedules.export(alice) == []


def test_requests_are_checked_when_a_schedule_is_created(site, alice, bob):
    data_id, place = site.upload(alice, 1), site.collection(bob)

    def batch(**given):
        return {"type": "batch", "batch": {"analytic": ANALYTIC, "selection": {"data_ids": [data_id]}, **given}}

    for run, error, reason in (
        ({"type": "job"}, BadRequest, "'run.type' must be batch or pipeline, not 'job'"),
        ({"type": "batch"}, BadRequest, "needs the fields 'type' and 'batch'"),
        (batch(analytic="voxel51/none"), BadRequest, "voxel51/none"),
        (batch(parameters={"level": "loud"}), BadRequest, "level"),
        (batch(selection={"collection": place}), NotFound, "not shared with you"),
        (batch(selection={"data_ids": [data_id], "collection": place}), BadRequest, "exactly one of"),
        (batch(selection={"data_ids": ["x" * 60_000, "y" * 6_000]}), BadRequest, "bytes as JSON"),
        (batch(parameters={"level": json.loads("[" * 70 + "]" * 70)}), BadRequest, "nested deeper than 64 levels"),
        (batch(max_running=0), BadRequest, "max_running"),
        (batch(scheduling={"priority": 500}), BadRequest, "'priority' must be"),
        (batch(scheduling={"deadline": "2031-01-01"}), BadRequest, "'scheduling.deadline' is a fixed date"),
    ):
        with pytest.raises(error, match=reason):
            site.schedules.create(alice, {"cron": "0 3 * * *", "run": run})
    assert site.schedules.all(alice) == []


def test_numbers_of_schedules_and_of_kept_runs_are_limited(site, alice, monkeypatch):
    monkeypatch.setattr("voxel51.server.schedules.starter.KEPT_RUNS", 3)
    monkeypatch.setattr("voxel51.server.schedules.service.MAX_SCHEDULES", 2)
    schedule = site.create(alice, {"query": {"search": "name:none"}}, cron="* * * * *")
    for minute in range(5):
        site.run(f"2030-01-02 00:{minute:02}")
    expected = [(f"2030-01-02T00:{minute:02}", "EMPTY") for minute in (4, 3, 2)]
    assert due(site, alice, schedule) == expected
    [exported] = site.schedules.export(alice)
    assert len(exported["runs"]) == 3
    site.create(alice, {"query": {"search": "name:none"}})
    with pytest.raises(BadRequest, match="You have 2 schedules, which is the limit"):
        site.create(alice, {"query": {"search": "name:none"}})
