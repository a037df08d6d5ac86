"""Database: transactions for reading and writing, commit hooks, and migrations, on SQLite and PostgreSQL."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from voxel51.server.database.advisory_locks import acquire_advisory_locks

log = logging.getLogger(__name__)

_WRITES = "writes"
_DURABLE = "durable"
_FOREIGN_KEYS_OFF = "foreign_keys_off"


def sqlite_url(file: Path) -> str:
    """Return the URL of the SQLite database in ``file``."""
    return f"sqlite:///{file}"


@dataclass(frozen=True, slots=True)
class _Transaction:
    connection: Connection
    after_commit: list[Callable[[], object]] = field(default_factory=list)


class Database:
    """A database that opens transactions.

    Transactions nest: one opened inside a write transaction, at any depth of calls, belongs to it. It sees what was
    written so far and is committed or rolled back with it. Inside a read transaction there is no nesting.

    On SQLite every write transaction takes the write lock when it begins: a transaction that first reads and then
    writes would fail if another one wrote in between. Only one thread of a process asks for the lock at a time,
    because SQLite's own waiting (polling) is unfair.

    Commits are synced to disk by default, so that accepted requests survive a power cut.
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
        """Open a transaction for reading, which sees one state of the database."""
        present = self._present.get()
        if present is not None:
            yield present.connection
            return
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self, durable: bool = True) -> Iterator[Connection]:
        """Open a transaction for writing: committed when the block ends, rolled back when it raises.

        A transaction that is not ``durable`` survives the death of any process, but perhaps not a power cut, until the
        next durable one is committed. It takes a tenth of the time. Use it for state that a power cut would undo in
        any case, such as the progress of a job on the same machine.
        """
        present = self._present.get()
        if present is not None:
            # A savepoint: if this part raises and the caller handles it, only this part is rolled back.
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
        # After the commit and outside the lock: a hook may open transactions itself.
        for act in (*transaction.after_commit, *self._on_write):
            try:
                act()
            except Exception:  # the change is committed: its caller must not report a failure
                log.exception("an action after a commit failed")

    def on_write(self, act: Callable[[], object]) -> None:
        """Call ``act`` after every committed write, from now on. It must be fast, and callable from any thread."""
        self._on_write.append(act)

    def after_commit(self, act: Callable[[], object]) -> None:
        """Call ``act`` once the present transaction is committed, and never if it is rolled back.

        A failure of ``act`` is logged and not raised, because the commit cannot be undone. Without a present
        transaction, call it at once.
        """
        present = self._present.get()
        if present is None:
            act()
        else:
            present.after_commit.append(act)

    def migrate(self) -> None:
        """Migrate the tables to this version's schema. Several processes may call this at the same time."""
        from voxel51.server.database.migrations import upgrade  # noqa: PLC0415  (alembic is needed only here)

        # On SQLite, Alembic alters a table by copying it. With foreign keys enforced, dropping the original would
        # delete the rows that refer to it; they are checked at the end instead.
        engine = self.engine.execution_options(**{_WRITES: True, _DURABLE: True, _FOREIGN_KEYS_OFF: True})
        with self._writer, engine.begin() as connection:
            acquire_advisory_locks(connection, "migration")
            upgrade(connection)
            if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise RuntimeError("the migration would break references between records; nothing was changed")
        self.engine.dispose()  # closes the connection that does not enforce foreign keys

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    # Parameters may include hashes of secrets, so they are hidden in errors and thus in the log.
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


def _prepare_sqlite(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions: `_begin_sqlite` does
    connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own handles ASCII only
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(_WRITES, False):
        connection.exec_driver_sql("BEGIN")
        return
    if options.get(_FOREIGN_KEYS_OFF, False):
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    # In WAL mode, NORMAL does not sync at commit: a power cut may undo it, but cannot damage the database.
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options[_DURABLE] else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
