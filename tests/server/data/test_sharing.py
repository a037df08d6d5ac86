"""The same bytes of one owner are stored once, and for as long as anything refers to them."""

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from voxel51.server.data.tables import data
from voxel51.server.engine.sweeper import Sweeper
from voxel51.server.errors import NotFound
from voxel51.wire import dates


def test_the_same_bytes_are_stored_once_under_two_records(rooms, alice):
    first, second = rooms.add(alice, b"same", "a.mp4"), rooms.add(alice, b"same", "b.mp4")

    assert first != second
    assert len(rooms.keys()) == 1
    assert rooms.content(alice, first) == rooms.content(alice, second) == b"same"
    assert rooms.data.details(alice, second)["name"] == "b.mp4"


def test_other_bytes_and_other_owners_share_nothing(rooms, alice, bob):
    for user, content in ((alice, b"one"), (alice, b"two"), (bob, b"one")):
        rooms.add(user, content)

    assert len(rooms.keys()) == 3


@pytest.mark.parametrize("kept", [0, 1])
def test_deleting_one_keeps_the_bytes_for_the_other(rooms, alice, kept):
    ids = [rooms.add(alice, b"same"), rooms.add(alice, b"same")]

    rooms.data.delete(alice, [ids[1 - kept]])

    assert rooms.content(alice, ids[kept]) == b"same"
    rooms.data.delete(alice, [ids[kept]])
    assert rooms.keys() == set()


def test_expiry_of_one_keeps_the_bytes_for_the_other_and_of_both_keeps_nothing(rooms, alice):
    old, young = rooms.add(alice, b"same"), rooms.add(alice, b"same")
    expire(rooms, old)
    assert rooms.data.expire() == 1
    assert rooms.content(alice, young) == b"same"

    again = rooms.add(alice, b"same")
    expire(rooms, young)
    expire(rooms, again)
    assert rooms.data.expire() == 2
    assert rooms.keys() == set()


def expire(rooms, data_id):
    past = dates.now() - timedelta(days=1)
    with rooms.database.write() as connection:
        connection.execute(update(data).where(data.c.id == data_id).values(expiration_date=past))


def test_the_orphan_sweeper_leaves_what_is_shared(rooms, alice):
    first, second = rooms.add(alice, b"same"), rooms.add(alice, b"same")
    rooms.data.delete(alice, [first])
    sweeper = Sweeper([], rooms.storage, [rooms.data.references, rooms.uploads.references], 30)

    assert sweeper.sweep_orphans(timedelta(0)) == 0
    assert rooms.content(alice, second) == b"same"


def test_what_came_before_hashes_were_kept_is_not_shared_and_is_deleted(rooms, alice):
    old = rooms.add(alice, b"same")
    with rooms.database.write() as connection:
        connection.execute(update(data).values(sha256=None))
    rooms.add(alice, b"same")

    assert len(rooms.keys()) == 2
    assert rooms.data.details(alice, old)["sha256"] is None
    rooms.data.delete(alice, [old])
    assert len(rooms.keys()) == 1


def test_whoever_adds_and_deletes_at_once_always_finds_his_bytes(rooms, alice):
    failures = []

    def work(seed):
        chance = random.Random(seed)
        mine = []
        try:
            for _ in range(30):
                mine.append(rooms.add(alice, b"same"))
                if chance.random() < 0.7:
                    rooms.data.delete(alice, [mine.pop(chance.randrange(len(mine)))])
                for data_id in mine:
                    assert rooms.content(alice, data_id) == b"same"
            for data_id in mine:
                rooms.data.delete(alice, [data_id])
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert failures == []
    assert rooms.keys() == set()


def test_what_is_deleted_is_gone_for_its_owner_although_its_bytes_are_there(rooms, alice):
    first, _ = rooms.add(alice, b"same"), rooms.add(alice, b"same")
    rooms.data.delete(alice, [first])

    with pytest.raises(NotFound):
        rooms.data.details(alice, first)
