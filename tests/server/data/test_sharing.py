"""Shared content: the same bytes of one owner are stored once, as long as any record refers to them."""

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from voxel51.server.data.tables import data
from voxel51.server.engine.sweeper import Sweeper
from voxel51.server.errors import NotFound
from voxel51.wire import dates


def test_same_bytes_are_stored_once(services, alice):
    first, second = services.add(alice, b"same", "a.mp4"), services.add(alice, b"same", "b.mp4")

    assert first != second
    assert len(services.keys()) == 1
    assert services.content(alice, first) == services.content(alice, second) == b"same"
    assert services.data.details(alice, second)["name"] == "b.mp4"


def test_other_bytes_and_other_owners_are_not_shared(services, alice, bob):
    for user, content in ((alice, b"one"), (alice, b"two"), (bob, b"one")):
        services.add(user, content)

    assert len(services.keys()) == 3


@pytest.mark.parametrize("kept", [0, 1])
def test_deletion_keeps_shared_bytes(services, alice, kept):
    ids = [services.add(alice, b"same"), services.add(alice, b"same")]

    services.data.delete(alice, [ids[1 - kept]])

    assert services.content(alice, ids[kept]) == b"same"
    services.data.delete(alice, [ids[kept]])
    assert services.keys() == set()


def test_expiry_deletes_bytes_with_last_record(services, alice):
    old, young = services.add(alice, b"same"), services.add(alice, b"same")
    expire(services, old)
    assert services.data.expire() == 1
    assert services.content(alice, young) == b"same"

    again = services.add(alice, b"same")
    expire(services, young)
    expire(services, again)
    assert services.data.expire() == 2
    assert services.keys() == set()


def expire(services, data_id):
    past = dates.now() - timedelta(days=1)
    with services.database.write() as connection:
        connection.execute(update(data).where(data.c.id == data_id).values(expiration_date=past))


def test_sweeper_keeps_shared_bytes(services, alice):
    first, second = services.add(alice, b"same"), services.add(alice, b"same")
    services.data.delete(alice, [first])
    sweeper = Sweeper(
        [], [], services.storage, [services.data.references, services.uploads.references], 30, lambda: True
    )

    assert sweeper.sweep_orphans(timedelta(0)) == 0
    assert services.content(alice, second) == b"same"


def test_records_without_hash_are_not_shared(services, alice):
    old = services.add(alice, b"same")
    with services.database.write() as connection:
        connection.execute(update(data).values(sha256=None))
    services.add(alice, b"same")

    assert len(services.keys()) == 2
    assert services.data.details(alice, old)["sha256"] is None
    services.data.delete(alice, [old])
    assert len(services.keys()) == 1


def test_concurrent_add_and_delete_never_lose_bytes(services, alice):
    failures = []

    def work(seed):
        chance = random.Random(seed)
        mine = []
        try:
            for _ in range(30):
                mine.append(services.add(alice, b"same"))
                if chance.random() < 0.7:
                    services.data.delete(alice, [mine.pop(chance.randrange(len(mine)))])
                for data_id in mine:
                    assert services.content(alice, data_id) == b"same"
            for data_id in mine:
                services.data.delete(alice, [data_id])
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert failures == []
    assert services.keys() == set()


def test_deleted_record_is_not_found_while_bytes_remain(services, alice):
    first, _ = services.add(alice, b"same"), services.add(alice, b"same")
    services.data.delete(alice, [first])

    with pytest.raises(NotFound):
        services.data.details(alice, first)
