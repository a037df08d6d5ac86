"""The same bytes of one owner are stored once, and as long as any record refers to them."""

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from voxel51.server.data.tables import data
from voxel51.server.engine.sweeper import Sweeper
from voxel51.server.errors import NotFound
from voxel51.wire import dates


def test_same_bytes_are_stored_once(rooms, alice):
    first, second = rooms.add(alice, b"same", "a.mp4"), rooms.add(alice, b"same", "b.mp4")

    assert first != second
    assert len(rooms.keys()) == 1
    assert rooms.content(alice, first) == rooms.content(alice, second) == b"same"
    assert rooms.data.details(alice, second)["name"] == "b.mp4"


def test_other_bytes_and_other_owners_are_not_shared(rooms, alice, bob):
    for user, content in ((alice, b"one"), (alice, b"two"), (bob, b"one")):
        rooms.add(user, content)

    assert len(rooms.keys()) == 3


@pytest.mark.parametrize("kept", [0, 1])
def test_deletion_keeps_shared_bytes(rooms, alice, kept):
    ids = [rooms.add(alice, b"same"), rooms.add(alice, b"same")]

    rooms.data.delete(alice, [ids[1 - kept]])

    assert rooms.content(alice, ids[kept]) == b"same"
    rooms.data.delete(alice, [ids[kept]])
    assert rooms.keys() == set()


def test_expiry_deletes_bytes_with_last_record(rooms, alice):
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


def test_sweeper_keeps_shared_bytes(rooms, alice):
    first, second = rooms.add(alice, b"same"), rooms.add(alice, b"same")
    rooms.data.delete(alice, [first])
    sweeper = Sweeper([], rooms.storage, [rooms.data.references, rooms.uploads.references], 30)

    assert sweeper.sweep_orphans(timedelta(0)) == 0
    assert rooms.content(alice, second) == b"same"


def test_records_without_hash_are_not_shared(rooms, alice):
    old = rooms.add(alice, b"same")
    with rooms.database.write() as connection:
        connection.execute(update(data).values(sha256=None))
    rooms.add(alice, b"same")

    assert len(rooms.keys()) == 2
    assert rooms.data.details(alice, old)["sha256"] is None
    rooms.data.delete(alice, [old])
    assert len(rooms.keys()) == 1


def test_concurrent_add_and_delete_never_lose_bytes(rooms, alice):
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


def test_deleted_record_is_not_found_while_bytes_remain(rooms, alice):
    first, _ = rooms.add(alice, b"same"), rooms.add(alice, b"same")
    rooms.data.delete(alice, [first])

    with pytest.raises(NotFound):
        rooms.data.details(alice, first)
