"""Database failures: tell a database that is away, busy or full from a defect of the program."""

import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from voxel51.server.errors import DatabaseAway, OutOfSpace, ServiceError, Unavailable

AWAY = "The platform's database does not answer. Try again in a moment"
"""Text of `DatabaseAway`."""

_BUSY = "The platform's database is overloaded. Try again in a moment"
_FULL = "The disk of the platform's database is full; nothing was changed. Ask the operator for more space"

# SQLSTATE codes and classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
_PG_FULL = "53100"
_PG_BUSY = frozenset({"40001", "40P01", "55P03", "57014"})  # serialization, deadlock, lock not available, cancelled
_PG_READ_ONLY = "25006"  # a standby, while another server takes over
_PG_AWAY_CLASSES = ("08", "53", "57P", "58")  # connection, resources, shutdown or start, errors of the system

_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_AWAY = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM})
_NO_SPACE_BYTES = 64 * 1024
"""With less free space, an input or output error of SQLite means a full disk."""


def failure_of(error: SQLAlchemyError, engine: Engine) -> ServiceError | None:
    """Return the error with which requests are refused while the database fails; None if ``error`` is a defect."""
    if isinstance(error, PoolTimeout):
        return Unavailable(_BUSY)
    if isinstance(error, PendingRollbackError):  # the connection broke earlier in the same transaction
        return DatabaseAway(AWAY)
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig, engine)
    return _of_postgresql(error)


def reason_of(error: SQLAlchemyError) -> str:
    """Return the first line of the database's own text, which has no parameters of the statement."""
    reason = error.orig if isinstance(error, DBAPIError) else error
    return str(reason).strip().partition("\n")[0]


def _of_postgresql(error: DBAPIError) -> ServiceError | None:
    code = getattr(error.orig, "sqlstate", None)
    if code is None:
        is_lost = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
        return DatabaseAway(AWAY) if is_lost else None
    if code == _PG_FULL:
        return OutOfSpace(_FULL)
    if code in _PG_BUSY:
        return Unavailable(_BUSY)
    is_away = error.connection_invalidated or code == _PG_READ_ONLY or code.startswith(_PG_AWAY_CLASSES)
    return DatabaseAway(AWAY) if is_away else None


def _of_sqlite(error: sqlite3.Error, engine: Engine) -> ServiceError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the other bits refine it
    if code == sqlite3.SQLITE_FULL:
        return OutOfSpace(_FULL)
    if code in _SQLITE_BUSY:
        return Unavailable(_BUSY)
    if code in _SQLITE_AWAY:
        return OutOfSpace(_FULL) if _is_disk_full(engine) else DatabaseAway(AWAY)
    return None


def _is_disk_full(engine: Engine) -> bool:
    try:
        return shutil.disk_usage(Path(engine.url.database or ".").parent).free < _NO_SPACE_BYTES
    except OSError:
        return False
