"""Rules: each new video is noted once in the transaction that adds it, and its jobs are submitted a few at a time."""

import os

import pytest
from sqlalchemy import insert, select, update

from support.job_batches import ANALYTIC
from voxel51.server.accounts.tables import users
from voxel51.server.data.in_place import InPlaceService
from voxel51.server.data.source_scan import SourceScan
from voxel51.server.data.tables import sources
from voxel51.server.encryption import Cipher
from voxel51.server.errors import BadRequest, Forbidden, NotFound
from voxel51.server.jobs.tables import jobs
from voxel51.server.rules.tables import rule_items
from voxel51.server.source_locations import SourceLocations
from voxel51.server.storage.in_place import FolderSource
from voxel51.wire import dates
from voxel51.wire.rules import MAX_RUNS, MAX_RUNS_AT_PLACE


def upload(site, user, number, name="video.mp4"):
    return site.jobs.add_data(user, f"video {number}".encode(), name)


def test_every_new_video_of_the_owner_runs_all_analytics_once(site, alice, bob):
    before = upload(site, alice, 0)
    runs = [{"analytic": ANALYTIC, "parameters": {"level": "2"}}, {"analytic": "voxel51/count"}]
    rule = site.create(alice, runs=runs)
    assert (rule["name"], rule["state"], rule["place"]) == ("steady, count", "ACTIVE", None)
    assert rule["runs"][0]["parameters"] == {"level": 2}

    new = upload(site, alice, 1)
    upload(site, alice, 2, "model.onnx")
    upload(site, bob, 3)
    site.advance()
    assert site.counts(alice, rule) == {"active": 2}
    site.run()

    assert site.counts(alice, rule) == {"complete": 2}
    items = site.items(alice, rule)
    assert {(item["data_id"], item["analytic"]) for item in items} == {(new, ANALYTIC), (new, "voxel51/count")}
    assert before not in {item["data_id"] for item in items}
    records = site.jobs.jobs.details_of_many(alice, [item["job_id"] for item in items]).values()
    assert {record["name"] for record in records} == {"steady · video.mp4", "count · video.mp4"}
    assert len(site.batches.all_jobs()) == 2


def test_videos_added_to_a_collection_run_once_although_they_are_added_again(site, alice, bob):
    [first, second] = [upload(site, alice, number) for number in range(2)]
    place = site.collections.create(alice, {"name": "Junction"})["id"]
    site.collections.share(alice, place, bob.name, "editor")
    rule = site.create(alice, trigger="collection", collection=place)
    assert rule["place"] == "Junction"

    site.members.add(alice, place, [first], ())
    site.members.add(bob, place, [upload(site, bob, 2)], ())  # whose data no job of alice can read
    site.run()
    site.members.remove(alice, place, [first], ())
    site.members.add(alice, place, [first, second], ())
    site.run()

    assert [item["data_id"] for item in site.items(alice, rule)] == [second, first]
    assert len(site.batches.all_jobs()) == 2
    site.collections.delete(alice, place)
    with pytest.raises(NotFound, match="deleted with its collection"):
        site.rules.details(alice, rule["id"])


def test_files_of_a_source_run(site, alice, tmp_path):
    database, folder = site.jobs.database, tmp_path / "watched"
    folder.mkdir()
    rows = [{"id": name, "owner_id": alice.id, "location": str(folder), "created_at": dates.now()} for name in "ab"]
    with database.write() as connection:
        connection.execute(insert(sources), rows)
    in_place = InPlaceService(database, lambda *_: FolderSource(tmp_path, "watched"), SourceLocations())
    scan = SourceScan(database, in_place, Cipher(b"k" * 32, "s"))
    scan.on_added(lambda connection, _, owner, added: [site.jobs.data.announce(connection, owner, e) for e in added])
    rule = site.create(alice, trigger="source", source="a")

    (folder / "new.mp4").write_bytes(b"frames")
    os.utime(folder / "new.mp4", (1, 1))  # so that it does not look as if it was still being written
    assert scan.run() == 2  # by both sources
    assert SourceScan(database, in_place, Cipher(b"k" * 32, "s")).run() == 0
    site.advance()

    assert [item["filename"] for item in site.items(alice, rule)] == ["new.mp4"]
    assert rule["place"] == str(folder)


def test_results_of_earlier_jobs_are_reused(site, alice):
    rule = site.create(alice)
    upload(site, alice, 1)
    site.run()
    upload(site, alice, 1)
    site.run()

    [again, first] = site.items(alice, rule)
    assert (again["state"], first["state"]) == ("REUSED", "COMPLETE")
    assert again["job_id"] == first["job_id"]


def test_paused_rules_keep_what_arrives(site, alice):
    rule = site.create(alice)
    site.rules.pause(alice, rule["id"])
    with pytest.raises(BadRequest, match="is PAUSED, not ACTIVE"):
        site.rules.pause(alice, rule["id"])
    upload(site, alice, 1)
    site.advance()
    assert site.counts(alice, rule) == {"waiting": 1}
    assert site.batches.all_jobs() == []

    site.rules.resume(alice, rule["id"])
    site.run()
    assert site.counts(alice, rule) == {"complete": 1}


def test_jobs_are_submitted_a_few_at_a_time_and_items_are_paged(site, alice, monkeypatch):
    monkeypatch.setattr("voxel51.server.rules.starter.MAX_RUNNING", 2)
    rule = site.create(alice)
    for number in range(5):
        upload(site, alice, number)
    site.advance()
    assert site.counts(alice, rule) == {"active": 2, "waiting": 3}

    page = site.rules.items(alice, rule["id"], state=None, limit=4, cursor=None)
    rest = site.rules.items(alice, rule["id"], state=None, limit=4, cursor=page["next_cursor"])
    assert rest["next_cursor"] is None
    ids = [item["id"] for item in (*page["items"], *rest["items"])]
    assert ids == [item["id"] for item in site.items(alice, rule)]
    assert {item["state"] for item in site.items(alice, rule, state="WAITING")} == {"WAITING"}
    site.run()
    assert site.counts(alice, rule) == {"complete": 5}


def test_failures_are_shown_and_retried(site, alice):
    rule = site.create(alice)
    upload(site, alice, 1)
    site.advance()
    site.batches.end_jobs("FAILED", "USER")
    site.advance()

    shown = site.rules.details(alice, rule["id"])
    assert shown["counts"]["failed"] == 1
    assert shown["last_failure"]["message"] == site.items(alice, rule)[0]["message"]
    site.rules.retry(alice, rule["id"])
    site.run()
    assert site.counts(alice, rule) == {"complete": 1}
    assert site.rules.details(alice, rule["id"])["last_failure"] is None
    with pytest.raises(BadRequest, match="No item"):
        site.rules.retry(alice, rule["id"])


def test_analytics_that_are_gone_fail_the_video_and_no_other_rule(site, alice):
    broken, sound = site.create(alice), site.create(alice, runs=[{"analytic": "voxel51/count"}])
    site.jobs.analytics.install([each for each in site.batches.installed if each.entry_point != ANALYTIC])
    upload(site, alice, 1)
    site.run()

    assert site.counts(alice, broken) == {"failed": 1}
    assert ANALYTIC in site.rules.details(alice, broken["id"])["last_failure"]["message"]
    assert site.counts(alice, sound) == {"complete": 1}


def test_a_crash_between_two_steps_neither_loses_nor_repeats_a_video(site, alice, monkeypatch):
    rule = site.create(alice)
    data_id = upload(site, alice, 1)

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("voxel51.server.jobs.prepared_jobs.record_inputs", crash)
        with pytest.raises(RuntimeError, match="killed"):
            site.starter.advance()
    assert site.counts(alice, rule) == {"waiting": 1}
    assert site.batches.all_jobs() == []

    site.run()
    assert [item["data_id"] for item in site.items(alice, rule)] == [data_id]
    assert len(site.batches.all_jobs()) == 1


def test_an_upload_that_is_rolled_back_notes_nothing(site, alice):
    rule = site.create(alice)
    with pytest.raises(RuntimeError, match="abandoned"), site.jobs.database.write():
        upload(site, alice, 1)
        raise RuntimeError("abandoned")
    assert site.items(alice, rule) == []


def test_nothing_runs_for_a_suspended_owner(site, alice):
    rule = site.create(alice)
    upload(site, alice, 1)
    with site.jobs.database.write() as connection:
        connection.execute(update(users).where(users.c.id == alice.id).values(suspended_at=dates.now()))
    site.advance()
    assert site.counts(alice, rule) == {"waiting": 1}


def test_deleted_data_and_rules_leave_jobs_alone(site, alice):
    rule = site.create(alice)
    data_id = upload(site, alice, 1)
    site.run()
    site.jobs.data.delete(alice, [data_id])
    assert site.items(alice, rule) == []
    site.rules.delete(alice, rule["id"])
    with site.jobs.database.read() as connection:
        assert connection.execute(select(rule_items)).all() == []
        assert len(connection.execute(select(jobs)).all()) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trigger": "noon"}, "'trigger' must be one of upload, collection, source, not 'noon'"),
        ({"trigger": "collection"}, "needs 'collection'"),
        ({"collection": "c"}, "has no 'collection'"),
        ({"runs": []}, f"1 to {MAX_RUNS} entries, not 0"),
        ({"runs": [{"analytic": "voxel51/none"}]}, "voxel51/none"),
        ({"runs": [{"analytic": ANALYTIC, "parameters": {"level": "x"}}]}, "level"),
        ({"runs": [{"analytic": ANALYTIC, "input": "audio"}]}, "audio"),
        ({"name": "a\nb"}, "not a valid name"),
    ],
)
def test_invalid_rules_are_refused(site, alice, given, message):
    with pytest.raises(BadRequest, match=message):
        site.create(alice, **given)
    assert site.rules.all(alice) == []


def test_places_and_rules_of_others_are_refused(site, alice, bob, monkeypatch):
    place = site.collections.create(alice, {"name": "Junction"})["id"]
    with pytest.raises(NotFound):
        site.create(bob, trigger="collection", collection=place)
    site.collections.share(alice, place, bob.name, "viewer")
    with pytest.raises(Forbidden):
        site.create(bob, trigger="collection", collection=place)
    with pytest.raises(NotFound, match="may belong to another user"):
        site.create(bob, trigger="source", source="of alice")
    rule = site.create(alice)
    for act in (site.rules.details, site.rules.pause, site.rules.retry, site.rules.delete):
        with pytest.raises(NotFound):
            act(bob, rule["id"])
    monkeypatch.setattr("voxel51.server.rules.service.MAX_RULES", 1)
    with pytest.raises(BadRequest, match="the limit"):
        site.create(alice)


def test_rules_of_one_place_together_run_a_limited_number_of_analytics(site, alice, bob):
    many = [{"analytic": ANALYTIC, "parameters": {"level": level}} for level in range(MAX_RUNS)]
    for _ in range(MAX_RUNS_AT_PLACE // MAX_RUNS):
        site.create(alice, runs=many)
    with pytest.raises(BadRequest, match="would run 21 analytics on each new video"):
        site.create(alice)
    place = site.collections.create(alice, {"name": "Junction"})["id"]
    site.create(alice, trigger="collection", collection=place)
    site.create(bob)
