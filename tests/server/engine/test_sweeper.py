"""Sweeper: nothing expires while the clock is in doubt, but what users deleted is deleted."""

import threading

from support.waiting import wait_until
from voxel51.server.engine.sweeper import Sweeper
from voxel51.server.storage.local import LocalStorage


def test_only_expiry_waits_while_the_clock_is_in_doubt(tmp_path):
    storage = LocalStorage(tmp_path / "storage")
    storage.open()
    is_believed, deleted, expired = threading.Event(), [], []
    sweeper = Sweeper(
        [lambda: deleted.append(1) or 0], [lambda: expired.append(1) or 0], storage, [], 0.01, is_believed.is_set
    )
    sweeper.open()

    wait_until(lambda: len(deleted) > 3)
    assert expired == []
    is_believed.set()
    wait_until(lambda: expired)

    sweeper.close()
