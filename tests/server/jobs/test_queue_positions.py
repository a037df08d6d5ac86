"""Queue positions: they match the order in which the dispatcher claims jobs."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from voxel51.server.database.search import Query
from voxel51.server.jobs.queue_positions import QueuePositions
from voxel51.server.jobs.tables import jobs

POSITION = Query(fields=("id", "queue_position"))


def queue(services, owner, count):
    """Queue copies of one job of an owner; return their ids in order."""
    first = services.submit(owner)
    ids = [first, *(f"{first[:8]}-{number:05}" for number in range(count - 1))]
    with services.database.write() as connection:
        row = dict(connection.execute(select(jobs).where(jobs.c.id == first)).mappings().one())
        copies = [
            {**row, "id": job_id, "queued_at": row["queued_at"] + timedelta(microseconds=number)}
            for number, job_id in enumerate(ids[1:], 1)
        ]
        connection.execute(insert(jobs), copies)
    return ids


def positions(services, *owners):
    """Return the ids of all queued jobs by position."""
    listed = [record for owner in owners for record in services.jobs.query(owner, POSITION)["jobs"]]
    waiting = {record["queue_position"]: record["id"] for record in listed if record["queue_position"] is not None}
    assert len(waiting) == sum(record["queue_position"] is not None for record in listed)
    return waiting


def claimed(services, count):
    """Claim jobs one slot after the other, while no job ends; return their ids."""
    return [claim.job_id for _ in range(count) for claim in services.attempts.claim(1)]


@pytest.mark.parametrize("underway", [0, 1, 3, 5])
def test_queue_positions_match_the_order_of_claims(services, alice, bob, underway):
    queue(services, alice, 6)
    assert len(claimed(services, underway)) == underway
    queue(services, bob, 9)
    services.submit(services.accounts.create_user("carol"))
    carol = services.accounts.find("carol")

    waiting = positions(services, alice, bob, carol)
    assert sorted(waiting) == [*range(1, 17 - underway)]

    chosen = services.attempts.claim(100)
    assert {claim.job_id for claim in chosen} == {*waiting.values()}


@pytest.mark.parametrize("underway", [0, 1, 3])
@pytest.mark.parametrize("places", [1, 2, 5, 7])
def test_first_positions_are_those_that_as_many_free_slots_would_claim(services, alice, bob, underway, places):
    queue(services, alice, 6)
    claimed(services, underway)
    queue(services, bob, 4)

    waiting = positions(services, alice, bob)

    taken = {claim.job_id for claim in services.attempts.claim(places)}
    assert taken == {waiting[position] for position in range(1, places + 1)}


def test_jobs_over_the_owners_limit_come_after_jobs_that_may_start(services, alice, bob):
    services.quotas.grant(alice, alice, {"running_jobs": 2})
    first = queue(services, alice, 6)
    claimed(services, 1)
    second = queue(services, bob, 3)

    waiting = positions(services, alice, bob)

    in_order = [second[0], second[1], first[1], second[2], *first[2:]]
    assert [waiting[position] for position in range(1, 9)] == in_order
    assert {claim.job_id for claim in services.attempts.claim(100)} == {waiting[position] for position in range(1, 5)}


def test_only_queued_jobs_have_a_position(services, alice):
    ready = services.submit(alice, auto_start=False)
    running = services.submit(alice)
    [claim] = services.attempts.claim(1)
    queued = services.submit(alice)

    assert claim.job_id == running
    assert [services.jobs.details(alice, job_id)["queue_position"] for job_id in (ready, running, queued)] == [
        None, None, 1,
    ]  # fmt: skip


def test_long_queue_is_counted_once_a_second(services, alice, bob):
    now = 0.0
    places = QueuePositions(services.quotas.most_running, lambda: now)
    database = services.database

    def position(job_id):
        with database.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one()
            return places.of(connection, [row])[job_id]

    ids = queue(services, alice, 1002)
    assert position(ids[-1]) == 1002
    services.submit(bob)
    assert position(ids[-1]) == 1002
    now = 1.5
    assert position(ids[-1]) == 1003
