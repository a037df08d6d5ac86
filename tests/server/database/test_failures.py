"""Failures of the database: requests are refused with a reason, and defects stay defects."""

import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from support.postgresql import PostgreSQL
from voxel51.server.database import outages
from voxel51.server.database.bounded_connection import BoundedConnection
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.database.failures import failure_of
from voxel51.server.errors import DatabaseAway, OutOfSpace, ServiceError, Unavailable
from voxel51.wire import dates


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("the reason")
    error.sqlite_errorcode = code
    return error


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(sqlite_url(tmp_path / "a.sqlite"))


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (sqlite_error(sqlite3.SQLITE_FULL), OutOfSpace),
        (sqlite_error(sqlite3.SQLITE_BUSY), Unavailable),
        (sqlite_error(sqlite3.SQLITE_IOERR_FSYNC), DatabaseAway),
        (sqlite_error(sqlite3.SQLITE_CANTOPEN), DatabaseAway),
        (sqlite_error(sqlite3.SQLITE_ERROR), None),
        (psycopg.OperationalError("connection refused"), DatabaseAway),
        (psycopg.errors.AdminShutdown(), DatabaseAway),
        (psycopg.errors.CannotConnectNow(), DatabaseAway),
        (psycopg.errors.ReadOnlySqlTransaction(), DatabaseAway),
        (psycopg.errors.TooManyConnections(), DatabaseAway),
        (psycopg.errors.DiskFull(), OutOfSpace),
        (psycopg.errors.DeadlockDetected(), Unavailable),
        (psycopg.errors.UndefinedTable(), None),
        (psycopg.errors.UniqueViolation(), None),
    ],
)
def test_failure_is_told_from_a_defect(
    database: Database, reason: Exception, expected: type[ServiceError] | None
) -> None:
    raised = OperationalError if isinstance(reason, sqlite3.OperationalError | psycopg.OperationalError) else DBAPIError

    failure = failure_of(raised("SELECT 1", None, reason), database.engine)

    assert (failure if failure is None else type(failure)) is expected


def test_defect_is_passed_on(database: Database) -> None:
    with pytest.raises(OperationalError, match="no such table"), database.read() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    assert not database.outages.any_since(dates.now() - timedelta(days=1))


def test_outage_is_logged_when_it_begins_and_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "gone"
    database = Database(sqlite_url(folder / "a.sqlite"))
    before = dates.now()

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with pytest.raises(DatabaseAway), database.read() as connection:
                connection.execute(text("SELECT 1"))
        folder.mkdir()
        for _ in range(3):
            with database.read() as connection:
                connection.execute(text("SELECT 1"))

    began, ended = (record.getMessage() for record in caplog.records)
    assert began.startswith("the database does not answer: ")
    assert ended.startswith("the database answers again")
    assert database.outages.any_since(before)
    assert not database.outages.any_since(dates.now() + timedelta(milliseconds=1))  # dates have whole milliseconds
    database.close()


def test_statement_without_an_answer_ends_at_its_time_limit(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedConnection, "answer_seconds", 0.5)
    database = Database(postgresql.database())

    with pytest.raises(DatabaseAway), database.read() as connection:
        connection.execute(text("SELECT pg_sleep(600)"))

    with database.read() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    database.close()


def test_commits_are_durable_on_a_server_whose_default_is_not(postgresql: PostgreSQL) -> None:
    database = Database(f"{postgresql.database()}?options=-c%20synchronous_commit%3Doff")

    with database.write() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    with database.write(durable=False) as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "off"
    database.close()


def may_try(present: outages.Outages) -> bool:
    with present.trial() as allowed:
        return allowed


def test_only_one_caller_at_a_time_tries_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "_TRIAL_WAIT_SECONDS", 0.05)
    present = outages.Outages()
    present.notice_failure("no answer")

    with present.trial() as first, ThreadPoolExecutor(1) as elsewhere:
        assert first
        with present.trial() as nested:
            assert nested
        assert not elsewhere.submit(may_try, present).result()

    present.notice_success()
    with present.trial() as after:
        assert after
