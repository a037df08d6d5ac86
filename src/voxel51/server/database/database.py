"""One database: transactions for reading and for writing, and its migrations."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from voxel51.server.database.advisory_locks import acquire_advisory_locks

_WRITES = "writes"
_DURABLE = "durable"
_UNREFERENCED = "unreferenced"


def sqlite_url(file: Path) -> str:
    """The URL of the embedded database in ``file``."""
    return f"sqlite:///{file}"


@dataclass(frozen=True, slots=True)
class _Transaction:
    connection: Connection
    after_commit: list[Callable[[], object]] = field(default_factory=list)


class Database:
    """Hands out transactions.

    One that is asked for inside a write transaction, however far down, is a part of it: it sees what was written so
    far, and is kept or undone with it.

    On SQLite every write transaction takes the write lock when it begins (a transaction that starts by reading and
    then writes fails when another writer came between), and only one thread of a process asks for it at a time,
    since SQLite's own waiting is unfair.

    Commits are synced to disk, unless they need not be: what was accepted is kept when the power fails.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._writer = threading.Lock() if self.engine.dialect.name == "sqlite" else nullcontext()
        self._writing = {
            durable: self.engine.execution_options(**{_WRITES: True, _DURABLE: durable}) for durable in (True, False)
        }
        self._on_write: list[Callable[[], object]] = []
        self._present: ContextVar[_Transaction | None] = ContextVar("present transaction", default=None)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        present = self._present.get()
        if present is not None:
            yield present.connection
            return
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, durable: bool = True) -> Iterator[Connection]:
        """A transaction that is committed when the block ends, and undone when it raises.

        One that is not ``durable`` survives the death of any process, but perhaps not a power cut: it becomes
        durable with the next one that is. It costs a tenth, and is for what a power cut would undo anyway, such as
        how far a job is that runs on the same machine.
        """
        present = self._present.get()
        if present is not None:
            with present.connection.begin_nested():
                yield present.connection
            return
        with self._writer, self._writing[durable].begin() as connection:
            if not durable and connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            transaction = _Transaction(connection)
            entered = self._present.set(transaction)
            try:
                yield connection
            finally:
                self._present.reset(entered)
        for act in (*transaction.after_commit, *self._on_write):
            act()

    def on_write(self, act: Callable[[], object]) -> None:
        """Call ``act`` after every write that is committed, from now on. It must be cheap, and callable anywhere."""
        self._on_write.append(act)

    def after_commit(self, act: Callable[[], object]) -> None:
        """Call ``act`` once the present transaction is committed, never when it is undone; at once without one."""
        present = self._present.get()
        if present is None:
            act()
        else:
            present.after_commit.append(act)

    def migrate(self) -> None:
        """Bring the tables to the shape this version needs. Several processes may call it at once."""
        from voxel51.server.database.migrations import upgrade  # noqa: PLC0415  (alembic is needed here alone)

        # SQLite changes a table by making it anew, and dropping the old one would delete what refers to it.
        engine = self.engine.execution_options(**{_WRITES: True, _DURABLE: True, _UNREFERENCED: True})
        with self._writer, engine.begin() as connection:
            acquire_advisory_locks(connection, "migration")
            upgrade(connection)
            if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise RuntimeError("its records do not fit together after the upgrade; nothing was changed")
        self.engine.dispose()  # with the connection that did not mind references

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    # Parameters are hidden from errors, and so from the log: hashes of secrets are among them.
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_size=16, max_overflow=32, pool_pre_ping=True, hide_parameters=True)
    sqlite = {"timeout": 30, "check_same_thread": False}
    engine = create_engine(url, pool_size=16, max_overflow=64, hide_parameters=True, connect_args=sqlite)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: SqliteConnection, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing: `_begin_sqlite` does, and says how
    connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own knows ASCII alone
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(_WRITES, False):
        connection.exec_driver_sql("BEGIN")
        return
    if options.get(_UNREFERENCED, False):
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options[_DURABLE] else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
