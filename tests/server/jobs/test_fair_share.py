"""Owners take turns: nobody waits behind all of somebody else's jobs."""

from sqlalchemy import insert, select

from voxel51.server.jobs.tables import jobs


def owners_of(rooms, claims):
    with rooms.jobs._database.read() as connection:
        found = {row.id: row.owner_id for row in connection.execute(select(jobs.c.id, jobs.c.owner_id))}
    return [found[claim.job_id] for claim in claims]


def many(rooms, owner, count):
    """Queue many jobs at once, as copies of one."""
    first = rooms.submit(owner)
    with rooms.jobs._database.write() as connection:
        row = dict(connection.execute(select(jobs).where(jobs.c.id == first)).mappings().one())
        connection.execute(insert(jobs), [{**row, "id": f"{owner.name}-{number:05}"} for number in range(count - 1)])


def finish(rooms, claim):
    attempt = rooms.reports.authenticate(claim.credential, claim.job_id)
    rooms.put_output(attempt)
    rooms.reports.report_state(attempt, "COMPLETE", None)


def test_with_one_place_owners_alternate_however_many_jobs_one_has(rooms, alice, bob):
    many(rooms, alice, 20)
    for _ in range(2):
        rooms.submit(bob)
    order = []
    for _ in range(5):
        [claim] = rooms.attempts.claim(1)
        order += owners_of(rooms, [claim])
        finish(rooms, claim)

    assert order.count(bob.id) == 2
    assert order[:4] in ([alice.id, bob.id] * 2, [bob.id, alice.id] * 2)


def test_places_are_shared_by_what_runs_already(rooms, alice, bob):
    many(rooms, alice, 10)
    assert owners_of(rooms, rooms.attempts.claim(3)) == [alice.id] * 3
    many(rooms, bob, 10)

    assert sorted(owners_of(rooms, rooms.attempts.claim(5))) == sorted([bob.id] * 4 + [alice.id])


def test_no_place_is_kept_for_who_has_no_more_jobs(rooms, alice, bob):
    many(rooms, alice, 10)
    assert len(rooms.attempts.claim(3)) == 3
    many(rooms, bob, 4)

    assert sorted(owners_of(rooms, rooms.attempts.claim(11))) == sorted([bob.id] * 4 + [alice.id] * 7)


def test_within_an_owners_jobs_the_longest_waiting_is_first(rooms, alice):
    ids = [rooms.submit(alice) for _ in range(3)]

    assert [rooms.attempts.claim(1)[0].job_id for _ in range(3)] == ids


def test_ten_thousand_jobs_of_one_keep_another_from_nothing(rooms, alice, bob):
    many(rooms, alice, 10_000)
    rooms.submit(bob)

    claims = rooms.attempts.claim(2)

    assert sorted(owners_of(rooms, claims)) == sorted([alice.id, bob.id])


def test_who_runs_as_many_as_may_run_waits_while_others_go_on(rooms, alice, bob):
    rooms.quotas.grant(alice, alice, {"running_jobs": 2})
    many(rooms, alice, 10)
    first = rooms.attempts.claim(4)
    assert owners_of(rooms, first) == [alice.id] * 2
    assert rooms.attempts.claim(4) == []
    rooms.submit(bob)
    assert owners_of(rooms, rooms.attempts.claim(4)) == [bob.id]
    finish(rooms, first[0])
    assert owners_of(rooms, rooms.attempts.claim(4)) == [alice.id]
