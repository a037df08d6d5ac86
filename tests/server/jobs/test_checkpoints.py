"""Checkpoints: the latest one of a job is kept, saved by its current attempt only, and handed to the next attempt."""

import gzip
import hashlib

import pytest
from sqlalchemy import func, select

from support.job_services import CHECKPOINT_BYTES
from voxel51.server.errors import Conflict, Forbidden, NotFound, TooLarge
from voxel51.server.jobs.attempts import Settlement
from voxel51.server.jobs.tables import checkpoints


def part(number):
    return gzip.compress(b'{"frames": {"%d": {}}}' % number, mtime=0)


def numbers_in(reply):
    return [bytes(raw).decode() for raw in reply["parts"]]


def count_checkpoints(services):
    with services.database.read() as connection:
        return connection.execute(select(func.count()).select_from(checkpoints)).scalar_one()


def next_attempt(services, lost):
    services.attempts.settle(lost.id, Settlement.LOST, "killed")
    services.end_pauses()
    _, attempt = services.claim()
    return attempt


def test_the_next_attempt_gets_the_latest_checkpoint_and_its_labels(services, alice, running):
    job_id, lost = running
    for number in (1, 2):
        services.partial.add(lost, number, part(number))
    services.checkpoints.save(lost, b"first", 1)
    services.checkpoints.save(lost, b"second", 2)
    services.partial.add(lost, 3, part(3))

    attempt = next_attempt(services, lost)

    task = services.tasks.describe(attempt)
    saved = {"sha256": hashlib.sha256(b"second").hexdigest(), "parts": 2}
    assert task["checkpoint"] == {"limit_bytes": CHECKPOINT_BYTES, "saved": saved}
    assert task["partial"] == {"parts": 2}
    assert services.checkpoints.content(attempt) == b"second"
    assert services.checkpoints.part(attempt, 2) == part(2)
    assert numbers_in(services.partial.since(alice.id, job_id, "")) == [
        '{"frames": {"1": {}}}',
        '{"frames": {"2": {}}}',
    ]


def test_a_job_that_begins_has_none(services, running):
    _, attempt = running
    assert services.tasks.describe(attempt)["checkpoint"] == {"limit_bytes": CHECKPOINT_BYTES}
    with pytest.raises(NotFound):
        services.checkpoints.content(attempt)
    with pytest.raises(NotFound):
        services.checkpoints.part(attempt, 1)


def test_a_reader_keeps_the_labels_before_the_checkpoint_and_discards_those_after_it(services, alice, running):
    job_id, lost = running
    services.partial.add(lost, 1, part(1))
    services.checkpoints.save(lost, b"state", 1)
    before = services.partial.since(alice.id, job_id, "")
    services.partial.add(lost, 2, part(2))
    beyond = services.partial.since(alice.id, job_id, "")

    attempt = next_attempt(services, lost)
    services.partial.add(attempt, 2, part(7))

    kept = services.partial.since(alice.id, job_id, before["cursor"])
    restarted = services.partial.since(alice.id, job_id, beyond["cursor"])
    assert (kept["is_restarted"], numbers_in(kept)) == (False, ['{"frames": {"7": {}}}'])
    assert (restarted["is_restarted"], len(restarted["parts"])) == (True, 2)


def test_an_attempt_that_is_not_current_can_save_none(services, running):
    _, lost = running
    services.checkpoints.save(lost, b"mine", 0)
    attempt = next_attempt(services, lost)
    with pytest.raises(Forbidden):
        services.checkpoints.save(lost, b"too late", 0)

    assert services.checkpoints.content(attempt) == b"mine"


def test_a_released_attempt_is_followed_from_its_checkpoint_too(services, running):
    _, released = running
    services.checkpoints.save(released, b"state", 0)
    services.attempts.settle(released.id, Settlement.RELEASED, "the platform stopped")
    _, attempt = services.claim()

    assert services.checkpoints.content(attempt) == b"state"


def test_its_size_is_limited(services, running):
    with pytest.raises(TooLarge, match=str(CHECKPOINT_BYTES)):
        services.checkpoints.save(running[1], b"x" * (CHECKPOINT_BYTES + 1), 0)

    assert count_checkpoints(services) == 0


def test_it_cannot_refer_to_labels_that_the_platform_does_not_have(services, running):
    with pytest.raises(Conflict, match="0 are stored"):
        services.checkpoints.save(running[1], b"state", 1)


@pytest.mark.parametrize("end", ["COMPLETE", "FAILED"])
def test_it_is_deleted_when_the_job_has_ended(services, running, end):
    _, attempt = running
    services.checkpoints.save(attempt, b"state", 0)
    services.put_output(attempt)
    services.reports.report_state(attempt, end, None)
    with pytest.raises(Conflict):
        services.checkpoints.save(attempt, b"later", 0)

    assert (services.checkpoints.expire(), count_checkpoints(services)) == (1, 0)


def test_it_is_kept_while_the_job_waits_for_its_next_attempt(services, running):
    _, lost = running
    services.checkpoints.save(lost, b"state", 0)
    services.attempts.settle(lost.id, Settlement.LOST, "killed")

    assert (services.checkpoints.expire(), count_checkpoints(services)) == (0, 1)


def test_it_is_deleted_with_the_account(services, alice, running):
    _, attempt = running
    services.checkpoints.save(attempt, b"state", 0)
    services.reports.report_state(attempt, "FAILED", None)
    services.jobs.delete_all(alice)

    assert count_checkpoints(services) == 0
