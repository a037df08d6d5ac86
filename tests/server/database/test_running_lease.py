"""The running lease: one process at a time runs the jobs of a database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from support.waiting import wait_until
from voxel51.server.data_folder import StorageFolder
from voxel51.server.database import running_lease
from voxel51.server.database.database import Database
from voxel51.server.database.identity import check_identity
from voxel51.server.database.running_lease import AlreadyRunning, RunningLease

NewLease = Callable[..., RunningLease]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_lease, "LEASE", timedelta(seconds=0.5))
    monkeypatch.setattr(running_lease, "_RENEW_SECONDS", 0.1)


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    database = Database(database_url)
    database.migrate()
    check_identity(database, StorageFolder(tmp_path), "of the test")
    yield database
    database.close()


@pytest.fixture
def new_lease(database: Database) -> Iterator[NewLease]:
    """Make leases, which are given back at the end."""
    with ExitStack() as stack:

        def new(place: str, on_loss: Callable[[], object] = list) -> RunningLease:
            lease = RunningLease(database, place, on_loss)
            stack.callback(lease.release)
            return lease

        yield new


def test_second_process_elsewhere_is_rejected_until_the_first_stops(short: None, new_lease: NewLease) -> None:
    first, second = new_lease("here:/data"), new_lease("here:/copy")
    first.acquire()

    with pytest.raises(AlreadyRunning, match="already running on this database: here:/data"):
        second.acquire()

    first.release()
    second.acquire()


def test_process_in_the_same_place_follows_a_killed_one_at_once(new_lease: NewLease) -> None:
    new_lease("here:/data").acquire()

    new_lease("here:/data").acquire()


def test_process_that_lost_its_lease_is_told(short: None, new_lease: NewLease) -> None:
    lost: list[bool] = []
    new_lease("here:/data", lambda: lost.append(True)).acquire()

    new_lease("here:/data").acquire()

    wait_until(lambda: lost)
