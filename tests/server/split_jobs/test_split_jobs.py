"""Split jobs on their database: parts are claimed, fail, are lost and are merged; users see one job."""

import gzip
import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from support.job_services import JobServices
from support.split_jobs import ANALYTIC, SplitTestServices, plan_of
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.accounts.callers import User
from voxel51.server.database.search import Query
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.attempts import Settlement
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.scheduling.admissions import active_by_group
from voxel51.server.scheduling.controls import ControlService
from voxel51.server.split_jobs.planner import SplitPlan
from voxel51.server.usage.ledger import UsageLedger
from voxel51.wire import dates


def labels_of(*frames: int) -> bytes:
    return gzip.compress(json.dumps({"frames": {str(each): {} for each in frames}}).encode())


def frames_in(services: JobServices, user: User, job_id: str, cursor: str = "") -> tuple[list[int], bool]:
    reply = services.partial.since(user.id, job_id, cursor)
    frames = [int(number) for part in reply["parts"] for number in json.loads(bytes(part))["frames"]]  # type: ignore[attr-defined]
    return frames, bool(reply["is_restarted"])


def test_parts_run_and_are_merged(splits: SplitTestServices, alice: User) -> None:
    job_id = splits.submit(alice)
    splits.advancer.advance()
    assert (splits.job(alice, job_id)["state"], splits.claim()) == ("SCHEDULED", [])

    splits.planner.result = plan_of(10, 20, 30)
    splits.advancer.advance()
    assert (splits.job(alice, job_id)["state"], splits.states(alice, job_id)) == ("SCHEDULED", ["QUEUED"] * 3)

    parts = splits.claim()
    splits.advancer.advance()
    job = splits.job(alice, job_id)
    assert (job["state"], splits.states(alice, job_id)) == ("RUNNING", ["RUNNING"] * 3)
    tasks = [splits.jobs.tasks.describe(attempt) for attempt in parts]
    assert [task["part"] for task in tasks] == [
        {"number": 1, "count": 3, "first_frame": 1, "last_frame": 10, "frame_count": 60},
        {"number": 2, "count": 3, "first_frame": 11, "last_frame": 30, "frame_count": 60},
        {"number": 3, "count": 3, "first_frame": 31, "last_frame": 60, "frame_count": 60},
    ]
    assert [task["analytic"] for task in tasks] == [ANALYTIC] * 3
    assert all("video" in task["inputs"] and "merge" not in task for task in tasks)

    for attempt in parts:
        splits.complete(attempt, f"part {splits.number(attempt)}".encode())
        splits.advancer.advance()
    assert splits.job(alice, job_id)["state"] == "QUEUED"
    [merging] = splits.claim()
    merge = splits.jobs.tasks.describe(merging)["merge"]["parts"]
    files = [splits.jobs.tasks.part_output(merging, str(part["number"])) for part in merge]
    contents = [b"".join(splits.jobs.storage.read(file.key)) for file in files]
    assert merging.job_id == job_id
    assert contents == [b"part 1", b"part 2", b"part 3"]
    assert splits.jobs.tasks.input_links(merging)["part 2"] == merge[1]["output"]
    with pytest.raises(NotFound, match="no part '4'"):
        splits.jobs.tasks.part_output(merging, "4")

    splits.complete(merging, b"merged")
    splits.advancer.advance()
    done = splits.job(alice, job_id)
    assert (done["state"], done["start_date"]) == ("COMPLETE", job["start_date"])
    assert len(splits.jobs.keys("outputs")) == 1
    assert splits.states(alice, job_id) == ["COMPLETE"] * 3


def test_users_see_one_job(splits: SplitTestServices, alice: User, bob: User) -> None:
    job_id = splits.begin(alice, 10, 10)
    [first, _] = splits.claim()

    assert [job["id"] for job in splits.jobs.jobs.query(alice, Query())["jobs"]] == [job_id]
    assert [job["id"] for job in splits.jobs.jobs.export(alice)] == [job_id]
    for user in (alice, bob):
        with pytest.raises(NotFound):
            splits.jobs.jobs.record(user, first.job_id)
        with pytest.raises(NotFound):
            splits.service.retry(user, first.job_id)
        with pytest.raises(NotFound):
            splits.jobs.act("kill", user, first.job_id)
    with pytest.raises(NotFound):
        splits.service.retry(bob, job_id)


def test_progress_is_the_sum_of_the_parts(splits: SplitTestServices, alice: User) -> None:
    job_id = splits.begin(alice, 10, 30)
    first, second = splits.claim()
    splits.advancer.advance()
    splits.jobs.reports.put_status(second.id, json.dumps({"progress": {"fraction": 0.5}}))
    splits.complete(first)

    splits.advancer.advance()

    progress = splits.job(alice, job_id)["progress"]
    assert (progress["fraction"], progress["frames_done"], progress["frames_total"]) == (0.5625, 25, 40)
    assert progress["message"] == "1 of 2 parts are complete"
    assert splits.jobs.jobs.status(alice, job_id)["state"] == "RUNNING"

    splits.jobs.reports.put_status(second.id, json.dumps({"progress": {"fraction": 1.0}}))
    splits.advancer._written.clear()
    splits.advancer.advance()
    splits.complete(second)
    splits.advancer.advance()
    seen = [splits.job(alice, job_id)["progress"]["fraction"]]
    [merging] = splits.claim()
    for status in ({}, {"progress": {"fraction": 0.5}}, {"progress": {"fraction": 1.0}}):
        seen.append(splits.job(alice, job_id)["progress"]["fraction"])
        splits.jobs.reports.put_status(merging.id, json.dumps(status))
    seen.append(splits.job(alice, job_id)["progress"]["fraction"])
    assert seen == [0.9, 0.9, 0.9, 0.95, 1.0]


def test_usage_is_the_time_of_the_parts_and_of_the_merge(splits: SplitTestServices, alice: User) -> None:
    job_id = splits.begin(alice, 10, 10)
    first, second = splits.claim()
    splits.advancer.advance()
    begun = dates.now() - timedelta(hours=1)
    with splits.jobs.database.write() as connection:  # each part has run for an hour, and the job waited before
        of_parts = jobs.c.id.in_([first.job_id, second.job_id])
        connection.execute(update(jobs).where(of_parts).values(start_date=begun))
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(start_date=begun - timedelta(days=1)))
    for part in (first, second):
        splits.complete(part)
    splits.advancer.advance()
    [merging] = splits.claim()
    splits.complete(merging)

    [usage] = UsageLedger(splits.jobs.database, timedelta(days=99)).month(f"{dates.now():%Y-%m}")["owners"]
    assert (usage["completed"], usage["failed"]) == (1, 0)
    assert usage["job_seconds"] == pytest.approx(2 * 3600, abs=60)


def test_deadlines_and_limits_hold_for_running_parts(splits: SplitTestServices, alice: User) -> None:
    options = json.dumps({"deadline": dates.to_text(dates.now() + timedelta(hours=1)), "timeout_seconds": 9})
    request = splits.request(alice, {"parts": 3})
    job_id = splits.jobs.jobs.submit(alice, request, "split", True, None, scheduling=options)["id"]
    splits.planner.result = plan_of(10, 10)
    splits.advancer.advance()
    first, second = splits.jobs.attempts.claim(2)
    assert [first.timeout_seconds, second.timeout_seconds] == [9, 9]
    with splits.jobs.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(deadline=dates.now()))

    splits.jobs.attempts.cancel_overdue()
    splits.advancer.advance()

    job = splits.job(alice, job_id)
    assert (job["state"], splits.states(alice, job_id)) == ("FAILED", ["FAILED", "FAILED"])
    assert {*splits.jobs.attempts.attempts_to_stop()} == {first.attempt_id, second.attempt_id}


def test_running_parts_count_for_the_limit_of_their_application(splits: SplitTestServices) -> None:
    applications = ApplicationService(splits.jobs.database)
    user = applications.create_user(applications.create("shop"), "one")
    splits.begin(user, 10, 10, 10)
    splits.claim(2)
    with splits.jobs.database.read() as connection:
        active = active_by_group(connection)
    assert active == {f"analytic:{ANALYTIC}": 2, f"application:{user.application_id}": 2}


@pytest.mark.parametrize("subject", [("queue", None), ("user", "alice"), ("analytic", ANALYTIC)])
def test_a_pause_holds_parts_and_merge_but_not_what_runs(
    splits: SplitTestServices, controls: ControlService, alice: User, subject: tuple[str, str | None]
) -> None:
    job_id = splits.begin(alice, 10, 10)
    [first] = splits.claim(1)

    controls.pause(COMMAND_LINE, controls.subject(*subject), "maintenance")

    assert splits.claim() == []
    assert splits.jobs.attempts.attempts_to_stop() == []
    splits.complete(first)
    splits.advancer.advance()
    assert splits.states(alice, job_id) == ["COMPLETE", "QUEUED"]
    controls.resume(COMMAND_LINE, controls.subject(*subject))
    splits.complete(*splits.claim())
    controls.pause(COMMAND_LINE, controls.subject(*subject), "again")
    splits.advancer.advance()
    assert splits.claim() == []  # the merge
    controls.resume(COMMAND_LINE, controls.subject(*subject))
    splits.complete(*splits.claim())
    assert splits.job(alice, job_id)["state"] == "COMPLETE"


def test_a_limit_of_an_analytic_counts_parts(splits: SplitTestServices, controls: ControlService, alice: User) -> None:
    controls.limit(COMMAND_LINE, controls.subject("analytic", ANALYTIC), 2)
    splits.begin(alice, 10, 10, 10)

    first, _ = splits.claim()
    assert splits.claim() == []
    splits.complete(first)

    assert [splits.number(attempt) for attempt in splits.claim()] == [3]


def test_a_lost_part_runs_again_alone(splits: SplitTestServices, alice: User) -> None:
    job_id = splits.begin(alice, 10, 10)
    first, second = splits.claim()
    splits.complete(first)
    splits.settle(second, Settlement.LOST, "the process was killed")
    splits.advancer.advance()
    assert (splits.job(alice, job_id)["state"], splits.states(alice, job_id)) == ("RUNNING", ["COMPLETE", "QUEUED"])

    splits.jobs.end_pauses()
    [again] = splits.claim()

    assert splits.number(again) == 2
    splits.complete(again)
    splits.advancer.advance()
    splits.complete(*splits.claim())
    assert splits.job(alice, job_id)["state"] == "COMPLETE"


def test_a_failed_part_fails_the_job_and_a_retry_keeps_complete_parts(splits: SplitTestServices, alice: User) -> None:
    job_id = splits.begin(alice, 10, 10, 10)
    first, second, third = splits.claim()
    splits.complete(first, b"kept")
    splits.jobs.reports.report_state(second, "FAILED", "USER")
    splits.settle(second)
    splits.advancer.advance()

    job = splits.job(alice, job_id)
    assert (job["state"], job["failure_type"]) == ("FAILED", "USER")
    assert job["failure_message"].startswith("Part 2 of 3 (frames 11 to 20) failed: ")
    splits.advancer.advance()
    assert splits.jobs.attempts.attempts_to_stop() == [third.id]
    splits.settle(third, Settlement.RELEASED)

    new_id = splits.service.retry(alice, job_id)
    splits.advancer.advance()
    assert splits.states(alice, new_id) == ["COMPLETE", "QUEUED", "QUEUED"]
    assert splits.states(alice, job_id) == ["COMPLETE", "FAILED", "FAILED"]
    assert splits.jobs.jobs.request(alice, new_id)["version"] == "1.0"
    rest = splits.claim()
    assert [splits.number(attempt) for attempt in rest] == [2, 3]
    for attempt in rest:
        splits.complete(attempt)
    splits.advancer.advance()
    [merging] = splits.claim()
    kept = splits.jobs.tasks.part_output(merging, "1")
    assert b"".join(splits.jobs.storage.read(kept.key)) == b"kept"
    splits.complete(merging)
    assert splits.job(alice, new_id)["state"] == "COMPLETE"
    with pytest.raises(BadRequest, match="no complete parts"):
        splits.service.retry(alice, job_id)
    with pytest.raises(BadRequest, match="is COMPLETE"):
        splits.service.retry(alice, new_id)


def test_cancelling_the_job_stops_its_parts(splits: SplitTestServices, alice: User) -> None:
    job_id = splits.begin(alice, 10, 10, 10)
    [running] = splits.claim(1)

    splits.jobs.act("kill", alice, job_id)
    splits.advancer.advance()

    assert splits.jobs.attempts.attempts_to_stop() == [running.id]
    assert splits.claim() == []
    assert splits.states(alice, job_id) == ["FAILED"] * 3


def test_expired_and_deleted_jobs_take_their_parts_along(splits: SplitTestServices, alice: User) -> None:
    unstarted = splits.submit(alice, auto_start=False)
    splits.advancer.advance()
    splits.jobs.act("delete", alice, unstarted)
    job_id = splits.begin(alice, 10, 10)
    first, second = splits.claim()
    splits.complete(first)
    splits.jobs.act("kill", alice, job_id)
    splits.advancer.advance()
    splits.settle(second)
    splits.jobs.act("change_lifetime", alice, job_id, {"expiration_date": "2020-01-01"})

    assert splits.jobs.jobs.expire() in {0, 1}
    assert splits.service.expire() == 2
    assert splits.service.expire() == 0
    assert splits.job(alice, job_id)["split"] == {"reason": None, "parts": []}
    with pytest.raises(BadRequest):
        splits.service.retry(alice, job_id)


def test_parts_share_the_slots_fairly(splits: SplitTestServices, alice: User, bob: User) -> None:
    splits.begin(alice, 5, 5, 5, 5, 5)
    other = splits.jobs.submit(bob)
    own = splits.jobs.submit(alice)

    [*first_two] = splits.claim(2)
    assert {attempt.owner_id for attempt in first_two} == {alice.id, bob.id}
    assert other in {attempt.job_id for attempt in first_two}
    claimed = splits.claim(10)

    assert [splits.number(attempt) for attempt in claimed] == [2, 3, 4, 5, None]
    assert claimed[-1].job_id == own


def test_parts_count_for_the_limit_of_their_owner_and_the_job_does_not(splits: SplitTestServices, alice: User) -> None:
    splits.jobs.quotas.grant(alice, alice, {"running_jobs": 2})
    splits.begin(alice, 10, 10, 10)

    first, _ = splits.claim()
    assert splits.claim() == []
    splits.complete(first)

    assert [splits.number(attempt) for attempt in splits.claim()] == [3]


def test_a_short_job_runs_as_a_whole(splits: SplitTestServices, alice: User) -> None:
    job_id = splits.submit(alice)
    splits.planner.result = SplitPlan([], reason="it is short")
    splits.advancer.advance()

    assert splits.job(alice, job_id)["split"] == {"reason": "it is short", "parts": []}
    [whole] = splits.claim()
    task = splits.jobs.tasks.describe(whole)
    assert (whole.job_id, "part" in task, "merge" in task) == (job_id, False, False)


def test_what_an_earlier_version_did_is_made_good(splits: SplitTestServices, alice: User) -> None:
    job_id = splits.begin(alice, 10, 10, 10)
    first, second, _ = splits.claim()
    splits.complete(first)
    with splits.jobs.database.write() as connection:  # as its sweeper does, and as it settles a part
        connection.execute(delete(jobs).where(jobs.c.id == first.job_id))
        connection.execute(update(attempts).where(attempts.c.id == second.id).values(ended_at=attempts.c.created_at))

    splits.advancer.advance()

    assert splits.states(alice, job_id) == ["QUEUED", "QUEUED", "RUNNING"]
    assert sorted(filter(None, map(splits.number, splits.claim()))) == [1, 2]


def test_partial_labels_of_the_parts_are_those_of_the_job(splits: SplitTestServices, alice: User) -> None:
    job_id = splits.begin(alice, 10, 10)
    first, second = splits.claim()
    splits.advancer.advance()
    splits.jobs.partial.add(first, 1, labels_of(1, 2))
    splits.jobs.partial.add(second, 1, labels_of(11))
    splits.advancer.advance()
    cursor = str(splits.jobs.partial.since(alice.id, job_id, "")["cursor"])
    splits.jobs.partial.add(second, 2, labels_of(9, 10, 12, 21))  # with frames that it reads besides its own
    splits.advancer.advance()
    assert frames_in(splits.jobs, alice, job_id) == ([1, 2, 11, 12], False)
    assert frames_in(splits.jobs, alice, job_id, cursor) == ([12], False)

    splits.settle(second, Settlement.LOST, "killed")  # what it has found is found again
    splits.advancer.advance()

    assert frames_in(splits.jobs, alice, job_id, cursor) == ([1, 2], True)


def test_tracks_of_different_parts_have_different_numbers(splits: SplitTestServices, alice: User) -> None:
    job_id = splits.begin(alice, 10, 10, 10)
    attempts_at_parts = splits.claim()
    splits.advancer.advance()
    for attempt, frame in zip(attempts_at_parts, (1, 11, 21), strict=True):
        found = {"objects": {"objects": [{"label": "car", "index": 1}, {"label": "car", "index": 2}, {"label": "cat"}]}}
        content = {"frames": {str(frame): {**found, "events": {"events": [{"name": "gate", "index": 1}]}}}}
        splits.jobs.partial.add(attempt, 1, gzip.compress(json.dumps(content).encode()))
    splits.advancer.advance()

    parts = splits.jobs.partial.since(alice.id, job_id, "")["parts"]
    frames = [frame for part in parts for frame in json.loads(bytes(part))["frames"].values()]  # type: ignore[attr-defined]
    objects = [[each.get("index") for each in frame["objects"]["objects"]] for frame in frames]
    assert objects == [[1, 4, None], [2, 5, None], [3, 6, None]]
    assert [frame["events"]["events"][0]["index"] for frame in frames] == [1, 2, 3]


@pytest.mark.parametrize("split", [True, 4, {"parts": 1}, {"parts": 65}, {"parts": "4"}, {"parts": 4, "more": 1}, []])
def test_invalid_divisions_are_refused(splits: SplitTestServices, alice: User, split: object) -> None:
    with pytest.raises(BadRequest, match=r'split must be "auto", false or \{"parts": <from 2 to 64>\}, not '):
        splits.jobs.jobs.submit(alice, splits.request(alice, split), "x", True, None)


def test_only_analytics_that_declare_it_can_be_split(splits: SplitTestServices, alice: User) -> None:
    request = splits.request(alice, {"parts": 2}, "voxel51/count")
    with pytest.raises(BadRequest, match="declares no splitting"):
        splits.jobs.jobs.submit(alice, request, "x", True, None)
    for value in ("auto", False, None):
        record = splits.jobs.jobs.submit(alice, splits.request(alice, value, "voxel51/count"), "x", True, None)
        assert splits.job(alice, record["id"])["split"] is None
