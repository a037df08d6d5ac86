"""Partial results: parts are kept in order, for the current attempt only, within limits, until the job is complete."""

import gzip
import json

import pytest
from sqlalchemy import func, select, update

from support.job_services import PARTIAL_LIMITS
from voxel51.server.errors import BadRequest, Conflict, Forbidden, NotFound, TooLarge
from voxel51.server.events.tables import events
from voxel51.server.jobs import partial_results
from voxel51.server.jobs.attempts import Settlement
from voxel51.server.jobs.tables import jobs, partial_parts
from voxel51.wire import dates
from voxel51.wire.partial import MAX_PART_BYTES


def part(*numbers, filler=""):
    frames = {str(number): {"frame_number": number, "filler": filler} for number in numbers}
    return gzip.compress(json.dumps({"frames": frames}).encode())


def frames_in(reply):
    return [number for labels in as_json(reply["parts"]) for number in labels["frames"]]


def as_json(parts):
    return [json.loads(bytes(raw)) for raw in parts]


def count_parts(services):
    with services.database.read() as connection:
        return connection.execute(select(func.count()).select_from(partial_parts)).scalar_one()


def test_a_reader_gets_the_parts_that_are_new_since_its_cursor(services, alice, running):
    job_id, attempt = running
    services.partial.add(attempt, 1, part(1, 2))
    first = services.partial.since(alice.id, job_id, "")
    services.partial.add(attempt, 2, part(3))
    second = services.partial.since(alice.id, job_id, first["cursor"])
    third = services.partial.since(alice.id, job_id, second["cursor"])

    assert (frames_in(first), frames_in(second), frames_in(third)) == (["1", "2"], ["3"], [])
    assert third["cursor"] == second["cursor"]
    assert {reply["is_restarted"] for reply in (first, second, third)} == {False}
    assert first["state"] == "RUNNING"


def test_a_job_without_parts_has_none(services, alice, running):
    reply = services.partial.since(alice.id, running[0], "")

    assert reply == {"state": "RUNNING", "parts": [], "cursor": "", "is_restarted": False, "has_more": False}


def test_a_part_that_is_sent_twice_is_kept_once(services, alice, running):
    job_id, attempt = running
    services.partial.add(attempt, 1, part(1))
    services.partial.add(attempt, 1, part(9))

    assert frames_in(services.partial.since(alice.id, job_id, "")) == ["1"]


def test_many_parts_come_in_several_replies(services, alice, running, monkeypatch):
    monkeypatch.setattr(partial_results, "_REPLY_BYTES", 100)
    job_id, attempt = running
    for number in range(1, 5):
        services.partial.add(attempt, number, part(number, filler="x" * 60))

    cursor, found, replies, has_more = "", [], 0, True
    while has_more:
        reply = services.partial.since(alice.id, job_id, cursor)
        cursor, has_more, replies = reply["cursor"], reply["has_more"], replies + 1
        found += frames_in(reply)

    assert (found, replies) == (["1", "2", "3", "4"], 4)


def test_only_the_owner_reads_them(services, bob, running):
    job_id, attempt = running
    services.partial.add(attempt, 1, part(1))

    with pytest.raises(NotFound):
        services.partial.since(bob.id, job_id, "")


@pytest.mark.parametrize("cursor", ["x", "1", ".1", "a.b", "a.-1", "a." + "9" * 30, "a.\u00b2"])
def test_an_invalid_cursor_is_refused(services, alice, running, cursor):
    with pytest.raises(BadRequest, match="cursor"):
        services.partial.since(alice.id, running[0], cursor)


def test_a_lost_attempt_can_add_no_more_and_the_next_one_begins_again(services, alice, running):
    job_id, lost = running
    services.partial.add(lost, 1, part(1))
    before = services.partial.since(alice.id, job_id, "")
    services.attempts.settle(lost.id, Settlement.LOST, "killed")
    with pytest.raises(Forbidden):
        services.partial.add(lost, 2, part(2))
    services.end_pauses()
    _, attempt = services.claim()
    with pytest.raises(Forbidden):
        services.partial.add(lost, 1, part(2))

    assert services.tasks.describe(attempt)["partial"] == {"parts": 0}
    services.partial.add(attempt, 1, part(7))
    after = services.partial.since(alice.id, job_id, before["cursor"])
    assert (frames_in(after), after["is_restarted"]) == (["7"], True)


def test_they_remain_after_a_failure_and_nothing_is_added(services, alice, running):
    job_id, attempt = running
    services.partial.add(attempt, 1, part(1))
    services.reports.report_state(attempt, "FAILED", "ANALYTIC")
    with pytest.raises(Conflict):
        services.partial.add(attempt, 2, part(2))

    reply = services.partial.since(alice.id, job_id, "")
    assert (frames_in(reply), reply["state"]) == (["1"], "FAILED")
    assert services.partial.expire() == 0


def test_they_remain_after_a_cancellation_and_nothing_is_added(services, alice, running):
    job_id, attempt = running
    services.partial.add(attempt, 1, part(1))
    services.act("kill", alice, job_id)
    with pytest.raises(Forbidden):
        services.partial.add(attempt, 2, part(2))

    assert frames_in(services.partial.since(alice.id, job_id, "")) == ["1"]


def test_the_output_replaces_them(services, alice, running):
    job_id, attempt = running
    services.partial.add(attempt, 1, part(1))
    services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)

    reply = services.partial.since(alice.id, job_id, "")
    assert (reply["state"], reply["parts"]) == ("COMPLETE", [])
    assert (services.partial.expire(), count_parts(services)) == (1, 0)


def test_they_expire_with_the_job(services, alice, running):
    job_id, attempt = running
    services.partial.add(attempt, 1, part(1))
    services.reports.report_state(attempt, "FAILED", "ANALYTIC")
    with services.database.write() as connection:
        connection.execute(update(jobs).values(expiration_date=dates.now()))
    services.jobs.expire()

    with pytest.raises(BadRequest, match="expired"):
        services.partial.since(alice.id, job_id, "")
    assert (services.partial.expire(), count_parts(services)) == (1, 0)


def test_they_are_deleted_with_the_account(services, alice, running):
    _, attempt = running
    services.partial.add(attempt, 1, part(1))
    services.reports.report_state(attempt, "FAILED", "ANALYTIC")
    services.jobs.delete_all(alice)

    assert count_parts(services) == 0


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{}", id="not-gzipped"),
        pytest.param(gzip.compress(b"[]"), id="a-list"),
        pytest.param(gzip.compress(b"{"), id="cut-text"),
        pytest.param(gzip.compress(b'{"a": NaN}'), id="not-a-number"),
        pytest.param(gzip.compress(b"\xff"), id="not-utf-8"),
        pytest.param(gzip.compress(b'{"frames": {}}')[:-9], id="cut-file"),
        pytest.param(gzip.compress(b'{"a": ' + b"[" * 100_000), id="deep"),
    ],
)
def test_content_that_is_not_a_gzipped_object_is_refused(services, alice, running, content):
    with pytest.raises(BadRequest):
        services.partial.add(running[1], 1, content)

    assert count_parts(services) == 0


def test_a_part_that_unpacks_to_too_much_is_refused(services, running):
    with pytest.raises(TooLarge):
        services.partial.add(running[1], 1, gzip.compress(b" " * 50 * MAX_PART_BYTES))


def test_a_missing_part_is_a_conflict(services, running):
    with pytest.raises(Conflict, match="the next one is 1"):
        services.partial.add(running[1], 2, part(1))


def test_a_job_and_its_owner_have_limited_space(services, alice, running):
    _, attempt = running
    noise = "".join(chr(0x4E00 + (index * 7919) % 20000) for index in range(PARTIAL_LIMITS.job_bytes // 6))
    services.partial.add(attempt, 1, part(1, filler=noise))
    with pytest.raises(TooLarge, match="The job"):
        for number in range(2, 20):
            services.partial.add(attempt, number, part(number, filler=noise))
    with pytest.raises(TooLarge, match="The owner"):
        for _ in range(20):
            services.submit(alice)
            _, other = services.claim()
            services.partial.add(other, 1, part(1, filler=noise))


def test_listeners_are_told_once_however_many_parts_there_are(services, running):
    job_id, attempt = running
    for number in (1, 2, 3):
        services.partial.add(attempt, number, part(number))

    with services.database.read() as connection:
        reported = select(func.count()).where(events.c.job_id == job_id, events.c.name == "job_partial")
        assert connection.execute(reported).scalar_one() == 1
