"""Fair-share scheduling: no owner waits behind all jobs of another."""

from collections import Counter

from sqlalchemy import insert, select, update

from support.job_services import MOST_INTERNAL
from voxel51.server.jobs.tables import jobs


def owners_of(services, claims):
    with services.jobs._database.read() as connection:
        found = {row.id: row.owner_id for row in connection.execute(select(jobs.c.id, jobs.c.owner_id))}
    return [found[claim.job_id] for claim in claims]


def many(services, owner, count):
    """Queue many jobs at once, as copies of one."""
    first = services.submit(owner)
    with services.jobs._database.write() as connection:
        row = dict(connection.execute(select(jobs).where(jobs.c.id == first)).mappings().one())
        connection.execute(insert(jobs), [{**row, "id": f"{owner.name}-{number:05}"} for number in range(count - 1)])


def finish(services, claim):
    attempt = services.reports.authenticate(claim.credential, claim.job_id)
    services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)


def test_with_one_slot_owners_alternate_however_many_jobs_one_has(services, alice, bob):
    many(services, alice, 20)
    for _ in range(2):
        services.submit(bob)
    order = []
    for _ in range(5):
        [claim] = services.attempts.claim(1)
        order += owners_of(services, [claim])
        finish(services, claim)

    assert order.count(bob.id) == 2
    assert order[:4] in ([alice.id, bob.id] * 2, [bob.id, alice.id] * 2)


def test_slots_are_shared_by_the_number_of_active_jobs(services, alice, bob):
    many(services, alice, 10)
    assert owners_of(services, services.attempts.claim(3)) == [alice.id] * 3
    many(services, bob, 10)

    assert sorted(owners_of(services, services.attempts.claim(5))) == sorted([bob.id] * 4 + [alice.id])


def test_no_slot_is_reserved_for_an_owner_without_queued_jobs(services, alice, bob):
    many(services, alice, 10)
    assert len(services.attempts.claim(3)) == 3
    many(services, bob, 4)

    assert sorted(owners_of(services, services.attempts.claim(11))) == sorted([bob.id] * 4 + [alice.id] * 7)


def test_jobs_of_one_owner_start_in_the_order_they_were_queued(services, alice):
    ids = [services.submit(alice) for _ in range(3)]

    assert [services.attempts.claim(1)[0].job_id for _ in range(3)] == ids


def test_ten_thousand_jobs_of_one_owner_do_not_delay_another(services, alice, bob):
    many(services, alice, 10_000)
    services.submit(bob)

    claims = services.attempts.claim(2)

    assert sorted(owners_of(services, claims)) == sorted([alice.id, bob.id])


def test_one_owners_internal_jobs_leave_a_slot_for_others(services, alice, bob):
    job_ids = {owner: [services.submit(owner) for _ in range(5)] for owner in (alice, bob)}
    with services.database.write() as connection:
        connection.execute(update(jobs).values(internal=True))

    first = services.attempts.claim(MOST_INTERNAL + 1, internal=True)
    second = services.attempts.claim(10, internal=True)

    counted = Counter(owner.name for owner in (alice, bob) for each in first if each.job_id in job_ids[owner])
    assert set(counted) == {"alice", "bob"}
    assert len(first) + len(second) == 2 * MOST_INTERNAL


def test_owner_at_their_limit_waits_while_others_continue(services, alice, bob):
    services.quotas.grant(alice, alice, {"running_jobs": 2})
    many(services, alice, 10)
    first = services.attempts.claim(4)
    assert owners_of(services, first) == [alice.id] * 2
    assert services.attempts.claim(4) == []
    services.submit(bob)
    assert owners_of(services, services.attempts.claim(4)) == [bob.id]
    finish(services, first[0])
    assert owners_of(services, services.attempts.claim(4)) == [alice.id]


def test_looking_for_jobs_in_an_empty_queue_takes_no_write_lock(services):
    written = []
    services.database.on_write(lambda: written.append("commit"))

    assert services.attempts.claim(10) == []
    assert services.attempts.claim(10, internal=True) == []
    assert written == []
