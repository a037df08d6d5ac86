"""Batches: jobs are submitted a few at a time, items follow them, and earlier results are reused."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from support.job_batches import ANALYTIC, SOURCES, steady_document
from voxel51.server.analytics.tables import analytics
from voxel51.server.data.tables import data
from voxel51.server.database.search import Query, Term
from voxel51.server.errors import BadRequest, NotFound, Unavailable
from voxel51.server.events.service import EventService
from voxel51.server.job_batches.progress import end_if_done
from voxel51.server.job_batches.selection import Selection, select_videos
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.job_batches import BatchState


def videos(services, user, count, start=0):
    return [services.add_data(user, f"video {number}".encode()) for number in range(start, start + count)]


def test_jobs_are_submitted_a_few_at_a_time(services, batches, alice):
    batch = batches.create(alice, videos(services, alice, 5), max_running=2)
    assert (batch["state"], batch["items"], batches.counts(alice, batch)) == ("RUNNING", 5, {"waiting": 5})
    assert batch["name"] == "steady · 5 videos"

    seen = []
    for _ in range(3):
        batches.advance()
        seen.append(batches.counts(alice, batch))
        batches.end_jobs()
    batches.advance()

    assert seen == [
        {"waiting": 3, "active": 2},
        {"waiting": 1, "active": 2, "complete": 2},
        {"active": 1, "complete": 4},
    ]
    ended = batches.service.details(alice, batch["id"])
    assert (ended["state"], batches.counts(alice, batch)) == ("ENDED", {"complete": 5})
    assert ended["end_date"] is not None
    items = batches.items(alice, batch)
    assert [item["number"] for item in items] == [1, 2, 3, 4, 5]
    assert {item["job_state"] for item in items} == {"COMPLETE"}
    assert len({item["job_id"] for item in items}) == 5
    assert all(item["run_seconds"] is not None for item in items)
    [record] = services.jobs.details_of_many(alice, [items[0]["job_id"]]).values()
    assert record["name"] == "steady · video.mp4"


def test_items_are_paged_and_chosen_by_state(services, batches, alice):
    batch = batches.create(alice, videos(services, alice, 5), max_running=2)
    batches.advance()

    page = batches.service.items(alice, batch["id"], state="WAITING", labels=True, limit=2, after=0)
    assert [item["number"] for item in page["items"]] == [3, 4]
    rest = batches.service.items(
        alice, batch["id"], state="WAITING", labels=False, limit=2, after=int(page["next_cursor"])
    )
    assert [item["number"] for item in rest["items"]] == [5]
    assert rest["next_cursor"] is None


def test_results_of_the_same_computation_are_reused_and_fresh_ones_computed(services, batches, alice, bob):
    ids = videos(services, alice, 3)
    first = batches.create(alice, ids)
    batches.advance()
    batches.end_jobs()
    batches.advance()
    by_data = {item["data_id"]: item["job_id"] for item in batches.items(alice, first)}
    again_uploaded = services.add_data(alice, b"video 0")  # the same bytes as the first

    second = batches.create(alice, [*ids, again_uploaded, *videos(services, alice, 1, start=7)])
    batches.advance()
    assert batches.counts(alice, second) == {"reused": 4, "active": 1}
    reused = batches.items(alice, second, state="REUSED")
    assert [item["job_id"] for item in reused] == [*map(by_data.get, ids), by_data[ids[0]]]
    batches.end_jobs()

    other_parameters = batches.create(alice, ids, parameters={"level": 2})
    same_value = batches.create(alice, ids, parameters={"level": "1.0"})
    fresh = batches.create(alice, ids, fresh=True)
    of_bob = batches.create(bob, videos(services, bob, 3))
    batches.advance()
    assert batches.counts(alice, other_parameters) == {"active": 3}
    assert batches.counts(alice, same_value) == {"reused": 3}
    assert batches.counts(alice, fresh) == {"active": 3}
    assert batches.counts(bob, of_bob) == {"active": 3}


def test_expired_results_and_those_of_other_analytics_are_not_reused(services, batches, alice):
    ids = videos(services, alice, 2)
    batches.create(alice, ids)
    not_declared = batches.create(alice, ids, analytic="voxel51/count")
    batches.advance()
    batches.end_jobs()
    batches.advance()
    assert batches.counts(alice, not_declared) == {"complete": 2}

    again = batches.create(alice, ids, analytic="voxel51/count")
    with services.database.write() as connection:
        connection.execute(update(jobs).values(expired=True))
    expired = batches.create(alice, ids)
    batches.advance()
    assert batches.counts(alice, again) == {"active": 2}
    assert batches.counts(alice, expired) == {"active": 2}


def test_failed_items_are_retried_in_one_call(services, batches, alice):
    ids = videos(services, alice, 3)
    batch = batches.create(alice, ids, max_running=2)
    batches.advance()
    batches.end_jobs("FAILED", "ANALYTIC")
    services.data.delete(alice, [ids[2]])
    with services.database.write() as connection:  # as an analytic writes it that reports its failure itself
        document = {"messages": [{"message": "Task started"}, {"message": "it looks like text"}]}
        connection.execute(update(jobs).where(jobs.c.state == "FAILED").values(status_text=json.dumps(document)))
    batches.advance()

    failed = batches.items(alice, batch, state="FAILED")
    assert [item["number"] for item in failed] == [1, 2, 3]
    assert [item["message"] for item in failed[:2]] == ["it looks like text"] * 2
    assert ids[2] in failed[2]["message"]
    assert failed[2]["filename"] is None
    assert batches.service.details(alice, batch["id"])["state"] == "ENDED"

    again = batches.service.retry(alice, batch["id"])
    assert (again["state"], again["end_date"], batches.counts(alice, batch)) == ("RUNNING", None, {"waiting": 3})
    batches.advance()
    batches.end_jobs()
    batches.advance()
    assert batches.counts(alice, batch) == {"complete": 2, "failed": 1}
    assert batches.service.details(alice, batch["id"])["state"] == "ENDED"

    complete = batches.create(alice, ids[:1])
    batches.advance()
    with pytest.raises(BadRequest, match="No item"):
        batches.service.retry(alice, complete["id"])


def test_batch_is_paused_resumed_and_cancelled(services, batches, alice):
    batch = batches.create(alice, videos(services, alice, 6), max_running=2)
    batches.advance()
    assert batches.service.pause(alice, batch["id"])["state"] == "PAUSED"
    batches.end_jobs()
    batches.advance()
    assert batches.counts(alice, batch) == {"complete": 2, "waiting": 4}
    with pytest.raises(BadRequest, match="PAUSED"):
        batches.service.archive(alice, batch["id"])

    batches.service.resume(alice, batch["id"])
    batches.advance()
    [ended, running] = services.attempts.claim(2)
    attempt = services.reports.authenticate(ended.credential, ended.job_id)
    services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)
    cancelled = batches.service.cancel(alice, batch["id"])

    assert cancelled["state"] == "CANCELLED"
    assert batches.counts(alice, batch) == {"complete": 3, "cancelled": 3}
    assert services.jobs.details(alice, running.job_id)["state"] == "FAILED"
    for change in (batches.service.cancel, batches.service.pause, batches.service.resume):
        with pytest.raises(BadRequest, match="CANCELLED"):
            change(alice, batch["id"])
    batches.advance()
    assert services.attempts.claim(10) == []

    batches.service.retry(alice, batch["id"])
    batches.advance()
    assert batches.counts(alice, batch) == {"complete": 3, "active": 2, "waiting": 1}


def ends(services):
    """Return what the events say about batches that have ended."""
    all_events = EventService(services.database, timedelta(days=1)).after(0)
    return [(each.owner_id, each.event["batch"]) for each in all_events if each.event["event"] == "batch_ended"]


def test_end_and_cancellation_are_events_of_which_there_is_one_each(services, batches, alice):
    batch = batches.create(alice, videos(services, alice, 2))
    batches.advance()
    batches.end_jobs()
    batches.advance()
    batches.advance()
    [(owner_id, ended)] = ends(services)
    assert owner_id == alice.id
    assert {name: ended[name] for name in ("id", "name", "state", "items")} == {
        "id": batch["id"], "name": "steady · 2 videos", "state": "ENDED", "items": 2,
    }  # fmt: skip
    assert ended["counts"] == batches.service.details(alice, batch["id"])["counts"]

    cancelled = batches.create(alice, videos(services, alice, 1, start=5))
    batches.service.cancel(alice, cancelled["id"])
    with services.database.write() as connection:
        end_if_done(connection, cancelled["id"], BatchState.ENDED)  # of a step that began before
    assert batches.service.details(alice, cancelled["id"])["state"] == "CANCELLED"
    assert [(each["id"], each["state"]) for _, each in ends(services)][1:] == [(cancelled["id"], "CANCELLED")]


def test_cancellation_while_a_job_is_being_submitted_leaves_no_job(services, batches, alice, monkeypatch):
    batch = batches.create(alice, videos(services, alice, 2))
    submission, submit = services.jobs.submission, services.jobs.submission.submit

    def cancel_first(*args, **given):
        monkeypatch.setattr(submission, "submit", submit)
        batches.service.cancel(alice, batch["id"])
        return submit(*args, **given)

    monkeypatch.setattr(submission, "submit", cancel_first)
    batches.advance()

    assert batches.counts(alice, batch) == {"cancelled": 2}
    assert batches.all_jobs() == []


def test_death_in_the_middle_of_the_submission_loses_and_doubles_nothing(services, batches, alice, monkeypatch):
    batch = batches.create(alice, videos(services, alice, 4))
    submission, submit, calls = services.jobs.submission, services.jobs.submission.submit, []

    def die_in_the_second(owner, request, name, auto_start, ttl=None, within=None, **options):
        calls.append(name)

        def dying(connection, job_id):
            within(connection, job_id)
            if len(calls) == 2:
                raise KeyboardInterrupt  # before the commit, as a process that is killed

        return submit(owner, request, name, auto_start, ttl, dying, **options)

    monkeypatch.setattr(submission, "submit", die_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        batches.advance()
    assert batches.counts(alice, batch) == {"active": 1, "waiting": 3}
    assert len(batches.all_jobs()) == 1

    batches.advance()
    items = batches.items(alice, batch)
    assert sorted(item["job_id"] for item in items) == sorted(batches.all_jobs())
    assert len({item["job_id"] for item in items}) == 4


def test_failure_of_the_platform_leaves_items_waiting(services, batches, alice, monkeypatch):
    batch = batches.create(alice, videos(services, alice, 2))

    def refuse(*_args, **_given):
        raise Unavailable("the database does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(services.jobs.submission, "submit", refuse)
        with pytest.raises(Unavailable):
            batches.advance()
    assert batches.counts(alice, batch) == {"waiting": 2}

    batches.advance()
    assert batches.counts(alice, batch) == {"active": 2}


def test_failure_of_one_batch_does_not_hold_up_the_others(services, batches, alice, bob, monkeypatch):
    made = {user.id: batches.create(user, videos(services, user, 1)) for user in (alice, bob)}
    submission, submit = services.jobs.submission, services.jobs.submission.submit
    unlucky, lucky = sorted((alice, bob), key=lambda user: made[user.id]["id"])

    def refuse_first(owner, *args, **given):
        if owner.id == unlucky.id:
            raise Unavailable("the storage does not answer")
        return submit(owner, *args, **given)

    monkeypatch.setattr(submission, "submit", refuse_first)
    with pytest.raises(Unavailable):
        batches.advance()

    assert batches.counts(unlucky, made[unlucky.id]) == {"waiting": 1}
    assert batches.counts(lucky, made[lucky.id]) == {"active": 1}


def test_sweep_runs_each_set_on_each_video_and_counts_labels(services, batches, alice):
    ids = videos(services, alice, 2)
    batch = batches.create(alice, ids, parameter_sets=[{"level": 1}, {"level": 2}, {}])
    assert (batch["items"], batch["name"]) == (6, "steady · 2 videos")
    batches.advance()
    batches.end_jobs()
    batches.advance()

    items = batches.items(alice, batch, labels=True)
    assert [(item["data_id"], item["parameter_set"]) for item in items] == [(id_, n) for id_ in ids for n in range(3)]
    assert [item["labels"] for item in items] == [{}] * 6
    levels = [services.jobs.request(alice, item["job_id"])["parameters"] for item in items[:3]]
    assert levels == [{"level": 1}, {"level": 2}, {}]


def test_estimate_comes_from_measured_jobs(services, batches, alice):
    ids = videos(services, alice, 4)

    def estimate(**given):
        new = {"analytic": ANALYTIC, "selection": {}, **given}
        return batches.estimator.estimate(alice, batches.planner.plan(alice, new, Selection(data_ids=ids)))

    unknown = estimate()
    assert (unknown["seconds"], unknown["frames"], unknown["processing_seconds"]) == (None, None, None)
    assert (unknown["videos"], unknown["items"], unknown["bytes"]) == (4, 4, 4 * len(b"video 0"))

    batches.create(alice, ids[:2])
    batches.advance()
    batches.end_jobs()
    known = estimate(parameter_sets=[{}, {"level": 3}])
    assert (known["items"], known["reusable"], known["measured_videos"], known["measured_jobs"]) == (8, 2, 2, 2)
    assert (known["seconds"], known["frames"]) == (8.0, 240)  # 2 seconds and 60 frames of each measured one
    rate = known["seconds_per_minute"]
    assert known["processing_seconds"] == pytest.approx(8.0 * 6 / 4 * rate / 60, abs=0.06)
    assert estimate(fresh=True)["reusable"] == 0


def test_query_selects_the_videos_that_it_finds(services, batches, alice, bob):
    videos(services, bob, 1)
    ids = videos(services, alice, 3)
    with services.database.read() as connection:
        by_name = Selection(query=Query(search=(Term("name", ("video",)),)))
        assert {each.data_id for each in select_videos(connection, alice, by_name, SOURCES)} == {*ids}
        two = Selection(query=Query(sort=("upload_date", False), limit=2))
        assert [each.data_id for each in select_videos(connection, alice, two, SOURCES)] == ids[:2]
        with pytest.raises(BadRequest, match="No video"):
            select_videos(connection, alice, Selection(query=Query(search=(Term("name", ("zebra",)),))), SOURCES)


DEEP = json.loads("[" * 70 + "]" * 70)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"analytic": "voxel51/none"}, "voxel51/none"),
        ({"version": "9"}, "9"),
        ({"parameters": {"level": "high"}}, "level"),
        ({"parameters": {"volume": 1}}, "volume"),
        ({"parameter_sets": []}, "parameter_sets"),
        ({"parameter_sets": [{}], "parameters": {}}, "not both"),
        ({"parameter_sets": [{"level": "1" * 300_000}]}, "300015 bytes as JSON; the maximum of a batch is 262144"),
        ({"parameters": {"level": [DEEP]}}, "nested deeper than 64 levels"),
        ({"input": "sound"}, "sound"),
        ({"compute_mode": "TPU"}, "TPU"),
        ({"max_running": 0}, "max_running"),
        ({"max_running": 201}, "201"),
        ({"name": ""}, "name"),
        ({"parameter_sets": [{}] * 101}, "101"),
    ],
)
def test_invalid_requests_name_the_value(services, batches, alice, given, message):
    with pytest.raises(BadRequest, match=message):
        batches.create(alice, videos(services, alice, 1), **given)


def test_invalid_selections_are_refused(services, batches, alice, bob):
    foreign = videos(services, bob, 1)
    for data_ids in (foreign, ["unknown"], [], [f"id {n}" for n in range(10_001)]):
        with pytest.raises(BadRequest):
            batches.create(alice, data_ids)


def test_batches_belong_to_their_owner(services, batches, alice, bob):
    batch = batches.create(alice, videos(services, alice, 1))
    service = batches.service
    for act in (service.details, service.pause, service.resume, service.cancel, service.retry, service.archive,
                service.unarchive):  # fmt: skip
        with pytest.raises(NotFound, match=batch["id"]):
            act(bob, batch["id"])
    with pytest.raises(NotFound):
        batches.items(bob, batch)
    assert service.all(bob, archived=False, limit=10, cursor=None)["batches"] == []


def test_list_is_paged_and_hides_archived_batches(services, batches, alice):
    made = [batches.create(alice, videos(services, alice, 1, start=n), name=f"batch {n}") for n in range(3)]
    first = batches.service.all(alice, archived=False, limit=2, cursor=None)
    second = batches.service.all(alice, archived=False, limit=2, cursor=first["next_cursor"])
    names = [each["name"] for page in (first, second) for each in page["batches"]]
    assert (names, second["next_cursor"]) == (["batch 2", "batch 1", "batch 0"], None)

    batches.service.cancel(alice, made[1]["id"])
    assert batches.service.archive(alice, made[1]["id"])["archived"] is True
    assert [each["id"] for each in batches.service.all(alice, archived=True, limit=9, cursor=None)["batches"]] == [
        made[1]["id"]
    ]
    assert len(batches.service.all(alice, archived=False, limit=9, cursor=None)["batches"]) == 2
    batches.service.unarchive(alice, made[1]["id"])
    assert len(batches.service.all(alice, archived=False, limit=9, cursor=None)["batches"]) == 3
    [exported] = [each for each in batches.service.export(alice) if each["id"] == made[1]["id"]]
    assert [item["state"] for item in exported["item_records"]] == ["CANCELLED"]


def test_open_batches_are_limited(services, batches, alice, bob):
    ids = videos(services, alice, 1)
    made = [batches.create(alice, ids, fresh=True) for _ in range(5)]

    with pytest.raises(BadRequest, match="5 of your batches have not ended; the maximum is 5"):
        batches.create(alice, ids)
    batches.create(bob, videos(services, bob, 1))
    batches.service.cancel(alice, made[0]["id"])
    batches.create(alice, ids)
    with pytest.raises(BadRequest, match="the maximum is 5"):
        batches.service.retry(alice, made[0]["id"])
    batches.service.cancel(alice, made[1]["id"])
    assert batches.service.retry(alice, made[0]["id"])["state"] == "RUNNING"


def test_oldest_ended_batches_make_way_for_new_ones_archived_ones_first(services, batches, alice):
    ids = videos(services, alice, 1)
    still_open, *ended = [batches.create(alice, ids)["id"] for _ in range(5)]
    for batch_id in ended:
        batches.service.cancel(alice, batch_id)
    batches.service.archive(alice, ended[3])
    new = [batches.create(alice, ids)["id"] for _ in range(3)]

    kept = {batch["id"] for batch in batches.service.export(alice)}
    assert kept == {still_open, ended[1], ended[2], *new}


def test_deletion_of_all_batches_submits_no_more_jobs(services, batches, alice, bob):
    batches.create(alice, videos(services, alice, 3), max_running=1)
    of_bob = batches.create(bob, videos(services, bob, 1))
    batches.advance()
    before = {*batches.all_jobs()}

    assert batches.service.delete_all(alice) is True
    batches.end_jobs()
    batches.advance()

    assert {*batches.all_jobs()} == before
    assert batches.service.export(alice) == []
    assert batches.counts(bob, of_bob) == {"complete": 1}


def test_export_leaves_out_the_items_of_old_batches(services, batches, alice, monkeypatch):
    monkeypatch.setattr("voxel51.server.job_batches.service.MAX_EXPORTED_ITEMS", 4)
    ids = videos(services, alice, 3)
    old, new = batches.create(alice, ids), batches.create(alice, ids)

    exported = batches.service.export(alice)

    assert [record["id"] for record in exported] == [new["id"], old["id"]]
    assert [item["data_id"] for item in exported[0]["item_records"]] == ids
    assert exported[1]["item_records"] is None


def test_parameters_that_the_analytic_no_longer_has_fail_the_items_alone(services, batches, alice, bob):
    batch = batches.create(alice, videos(services, alice, 1), parameters={"level": 2})
    of_bob = batches.create(bob, videos(services, bob, 1), analytic="voxel51/count")
    document = steady_document()
    document["parameters"] = []
    with services.database.write() as connection:  # as if this version had been uploaded again
        connection.execute(update(analytics).where(analytics.c.name == ANALYTIC).values(document=document))
    batches.advance()

    [item] = batches.items(alice, batch)
    assert (item["state"], "level" in item["message"]) == ("FAILED", True)
    assert batches.counts(bob, of_bob) == {"active": 1}


def test_estimate_uses_the_length_in_the_file(services, batches, alice):
    ids = videos(services, alice, 2)
    with services.database.write() as connection:
        facts = {"duration_seconds": 10.0, "frame_count": 300}
        connection.execute(update(data).where(data.c.id == ids[0]).values(facts))
    new = {"analytic": ANALYTIC, "selection": {}}

    estimate = batches.estimator.estimate(alice, batches.planner.plan(alice, new, Selection(data_ids=ids)))

    assert (estimate["measured_videos"], estimate["seconds"], estimate["frames"]) == (1, 20.0, 600)


def test_options_of_a_batch_are_those_of_its_jobs(batches, alice):
    options = {"priority": 7, "timeout_seconds": 60.0, "retry": {"PLATFORM": {"count": 2}}}
    batch = batches.create(alice, [batches.jobs.add_data(alice)], scheduling=options)
    assert batch["scheduling"] == options
    batches.advance()
    [item] = batches.items(alice, batch)
    [job] = batches.jobs.jobs.details_of_many(alice, [item["job_id"]]).values()
    assert job["scheduling"] == options
    for invalid, reason in (({"priority": 101}, "'priority' must be"), ({"deadline": "soon"}, "soon")):
        with pytest.raises(BadRequest, match=reason):
            batches.create(alice, [batches.jobs.add_data(alice)], scheduling=invalid)


def test_items_that_wait_at_the_deadline_fail(batches, alice, monkeypatch):
    deadline = dates.now() + timedelta(hours=1)
    videos = [batches.jobs.add_data(alice, f"video {number}".encode()) for number in range(2)]
    given = {"max_running": 1, "scheduling": {"deadline": dates.to_text(deadline)}}
    batch = batches.create(alice, videos, **given)
    batches.advance()
    assert batches.counts(alice, batch) == {"active": 1, "waiting": 1}

    monkeypatch.setattr(dates, "now", lambda: deadline)
    batches.jobs.attempts.cancel_overdue()
    batches.advance()

    cancelled, never_run = batches.items(alice, batch)
    assert batches.counts(alice, batch) == {"failed": 2}
    assert "had not finished by its deadline" in cancelled["message"]
    assert (never_run["job_id"], "passed before the job was submitted" in never_run["message"]) == (None, True)
