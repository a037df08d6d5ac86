"""Membership: processes of one platform share its database, dead ones are found, and one of the living leads."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from support.databases import migrated_sqlite
from support.job_services import process_description
from support.postgresql import PostgreSQL
from support.waiting import wait_until
from voxel51.server.data_folder import StorageFolder
from voxel51.server.database import membership
from voxel51.server.database.database import Database
from voxel51.server.database.identity import check_identity
from voxel51.server.database.membership import AlreadyRunning, Membership
from voxel51.server.database.process_table import LeaseObserver, all_processes, exists_process
from voxel51.server.database.tables import platform, processes
from voxel51.server.errors import Unavailable
from voxel51.wire import dates

Join = Callable[..., Membership]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases of a second."""
    monkeypatch.setattr(membership, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(membership, "RENEW_SECONDS", 0.1)


@pytest.fixture
def database(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Database]:
    database = Database(postgresql.database())
    check_identity(database, StorageFolder(tmp_path), "of the test")
    yield database
    database.close()


@pytest.fixture
def join(database: Database, short: None) -> Iterator[Join]:
    """Let processes join, which leave at the end. One that is not ``alive`` does not renew its lease."""
    with ExitStack() as stack:

        def new(place: str, *, alive: bool = True, **changes: object) -> Membership:
            process = Membership(database, process_description(place=place, start_id=place, **changes))
            process.join()
            stack.callback(process.close)
            if alive:
                process.open()
            return process

        yield new


def places(database: Database) -> list[str]:
    with database.read() as connection:
        return [row.place for row in all_processes(connection)]


def test_processes_with_the_same_storage_and_key_run_side_by_side(join: Join, database: Database) -> None:
    first, second = join("here:/a"), join("there:/b")

    wait_until(lambda: [row.place for row in first.others] == ["there:/b"])

    assert [row.place for row in second.others] == ["here:/a"]
    assert (first.leads, second.leads) == (True, False)


@pytest.mark.parametrize(
    ("difference", "message"),
    [
        ({"storage": "other"}, "already running on this database: here:/a"),
        ({"key_hash": "other"}, "another secret key"),
    ],
)
def test_process_with_another_storage_or_key_is_refused_while_the_first_lives(
    join: Join, difference: dict[str, str], message: str
) -> None:
    first = join("here:/a")

    with pytest.raises(AlreadyRunning, match=message):
        join("there:/b", **difference)

    first.close()
    join("there:/b", **difference)


def test_process_in_the_same_place_follows_a_killed_one_at_once(join: Join, database: Database) -> None:
    join("here:/a", alive=False, name="dispatcher")

    successor = Membership(database, process_description(place="here:/a", start_id="next", storage="other"))
    successor.join()

    assert places(database) == ["here:/a"]
    successor.close()


def test_dead_process_is_removed_and_another_one_leads(join: Join, database: Database) -> None:
    dead = join("here:/a", alive=False)
    living = join("there:/b")
    departed: list[bool] = []
    living.on_change(lambda: departed.append(True))
    assert (dead.leads, living.leads) == (True, False)

    wait_until(lambda: places(database) == ["there:/b"])

    wait_until(lambda: living.leads)
    wait_until(lambda: departed)
    assert not dead.is_held()
    with database.write() as connection, pytest.raises(Unavailable, match="did not renew its lease"):
        dead.check(connection)


def test_process_that_was_taken_for_dead_joins_again_under_a_new_id(join: Join, database: Database) -> None:
    process = join("here:/a")
    before, ids = process.id, []
    process.on_change(lambda: ids.append(process.id))

    with database.write() as connection:
        connection.execute(delete(processes).where(processes.c.id == before))

    wait_until(lambda: ids)
    assert ids[0] != before
    with database.read() as connection:
        assert exists_process(connection, ids[0])
    wait_until(lambda: process.leads)


def test_process_does_not_lead_any_more_once_its_lease_is_over(join: Join) -> None:
    paused = join("here:/a", alive=False)

    wait_until(lambda: not paused.leads)


def test_platform_of_an_earlier_version_is_not_joined(join: Join, database: Database) -> None:
    lease = {"runner_place": "here:/old", "running_until": dates.now() + timedelta(seconds=9)}
    with database.write() as connection:
        connection.execute(update(platform).values(lease))

    process = Membership(database, process_description(place="here:/new"))

    assert process._place_of_earlier_version() == "here:/old"
    join("here:/old")  # it has the lock of the data folder, so the earlier one is dead


class Row:
    """A row of the table, as far as observers read it."""

    def __init__(self, renewals: int) -> None:
        self.id, self.renewals = "one", renewals


def test_observer_finds_a_process_dead_only_after_watching_it_for_a_whole_lease() -> None:
    now = 100.0
    observer = LeaseObserver(8.0, 4.0, lambda: now)
    found = []
    for _ in range(9):
        found.append(bool(observer.look([Row(7)])))
        now += 1.0

    assert found == [False] * 8 + [True]
    assert observer.look([Row(8)]) == [], "it has renewed"


def test_observer_that_could_not_look_begins_to_watch_again() -> None:
    now = 100.0
    observer = LeaseObserver(8.0, 4.0, lambda: now)
    observer.look([Row(7)])

    now += 60.0  # an outage of the database, in which no process could renew

    assert observer.look([Row(7)]) == []


def test_process_on_sqlite_is_alone_and_always_leads(tmp_path: Path) -> None:
    database = Database(migrated_sqlite(tmp_path / "platform.sqlite"))
    check_identity(database, StorageFolder(tmp_path), "of the test")
    killed = Membership(database, process_description(place="here:/a"))
    killed.join()
    process = Membership(database, process_description(place="elsewhere", storage="other"))
    process.join()
    process.open()

    assert process.leads
    assert places(database) == ["elsewhere"]
    process.close()
    assert places(database) == []
    database.close()
