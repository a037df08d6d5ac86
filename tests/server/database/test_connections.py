"""Number of connections to PostgreSQL: a shortage is foreseen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.job_services import process_description
from support.postgresql import PostgreSQL
from voxel51.server.data_folder import StorageFolder
from voxel51.server.database.connections import most_connections, shortage
from voxel51.server.database.database import Database
from voxel51.server.database.identity import check_identity
from voxel51.server.database.membership import Membership
from voxel51.server.errors import Unavailable
from voxel51.server.settings import Settings


@pytest.fixture
def database(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Database]:
    database = Database(postgresql.database(), connections=2)
    check_identity(database, StorageFolder(tmp_path), "of the test")
    yield database
    database.close()


def settings(**given: object) -> Settings:
    return Settings.load({"VOXEL51_SERVER_DATABASE_URL": "postgresql://v51@127.0.0.1/v51"}, given)


def test_start_that_may_need_more_connections_than_the_server_allows_is_told_how_many(database: Database) -> None:
    allowed = 297  # of 300, three are reserved

    assert shortage(database, settings(workers=8)) is None
    found = shortage(database, settings(workers=9))

    assert found is not None
    assert f"may need {9 * 33 + 13} connections, and PostgreSQL allows {allowed}" in found
    assert shortage(database, settings(workers=9, database_connections=8)) is None


def test_processes_that_run_already_are_counted(database: Database) -> None:
    process = Membership(database, process_description())
    process.join()

    assert shortage(database, settings(workers=8, database_connections=32)) is not None
    process.close()


def test_process_opens_no_more_connections_than_it_may(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database.engine.pool, "_timeout", 0.1)
    with database.engine.connect(), database.engine.connect(), pytest.raises(Unavailable), database.read():
        pass


def test_process_that_only_runs_jobs_needs_few() -> None:
    assert most_connections(settings(role="dispatcher", job_url="http://127.0.0.1:1")) == 12
    assert most_connections(settings(role="api")) == 32
