"""Database: transactions for reading and writing, commit hooks, and migrations, on SQLite and PostgreSQL."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from sqlite3 import SQLITE_BUSY, OperationalError
from sqlite3 import Connection as SqliteConnection
from time import monotonic, perf_counter, sleep
from typing import Any  # of psycopg's connection, whose package is an extra

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.announcements import new_announcements
from voxel51.server.database.failures import AWAY, failure_of, reason_of
from voxel51.server.database.last_writes import last_writes, rolled_back_alone
from voxel51.server.database.migrations import newest_revision, present_revision, upgrade
from voxel51.server.database.outages import Outages
from voxel51.server.database.spare_space import SpareSpace
from voxel51.server.database.text_index import indexed_words
from voxel51.server.errors import DatabaseAway
from voxel51.server.tracing.requests import present as tracing_facts

log = logging.getLogger(__name__)

_POOL_TIMEOUT_SECONDS = 10
"""Time to wait for a free connection; then the request is refused as one of too many."""

_BUSY_SECONDS = 30
"""Time that a connection to SQLite waits for the locks of others."""

_WAL_RETRY_SECONDS = 0.02

_MIGRATION_SECONDS = 3600
"""Time that a migration of SQLite waits for that of another process."""

_POSTGRESQL = {
    "connect_timeout": "5",
    # A server that vanished without a word is noticed within half a minute, not within hours.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
    "application_name": "voxel51-platform",
}
"""Parameters of connections to PostgreSQL (libpq), unless the URL sets them: seconds, and milliseconds."""


def sqlite_url(file: Path) -> str:
    """Return the URL of the SQLite database in ``file``."""
    return f"sqlite:///{file}"


@dataclass(frozen=True, slots=True)
class _Transaction:
    connection: Connection
    until_committed: ExitStack
    after_commit: list[Callable[[], object]] = field(default_factory=list)


class Database:
    """A database that opens transactions.

    Transactions nest: one opened inside a write transaction, at any depth of calls, belongs to it. It sees what was
    written so far and is committed or rolled back with it. Inside a read transaction there is no nesting.

    On SQLite every write transaction takes the write lock when it begins: a transaction that first reads and then
    writes would fail if another one wrote in between. Only one thread of a process asks for the lock at a time,
    because SQLite's own waiting (polling) is unfair.

    Commits are synced to disk by default, so that accepted requests survive a power cut.

    Transactions raise `DatabaseAway` while the database does not answer, `Unavailable` when it is overloaded and
    `OutOfSpace` when its disk is full. Every other error is a defect.

    Attributes:
        engine: SQLAlchemy's engine.
        outages: when the database was away.

    Args:
        url: URL of the database.
        spare: what is given up on a full disk for transactions that free space; None for a database elsewhere.
        connections: most connections to PostgreSQL at a time.
    """

    def __init__(self, url: str, spare: SpareSpace | None = None, connections: int = 48) -> None:
        self.engine = _engine(url, connections)
        self._spare = spare
        self.outages = Outages()
        self._writer = threading.Lock() if self.engine.dialect.name == "sqlite" else nullcontext()
        self._kept: Connection | None = None
        self._on_write: list[Callable[[], object]] = []
        self._on_announced: Callable[[str], object] = lambda _topic: None
        self._present: ContextVar[_Transaction | None] = ContextVar("present transaction", default=None)

    def count_statements(self) -> None:
        """Add number and time of the statements of each request to the facts of its span."""
        event.listen(self.engine, "before_cursor_execute", _begin_statement)
        event.listen(self.engine, "after_cursor_execute", _end_statement)

    @property
    def reads_at_once(self) -> bool:
        """Whether a short query waits for nothing: no other host, no lock, and no end of an outage.

        SQLite's readers wait for no writer, and reading one row takes some microseconds, mostly from memory.
        """
        return self.engine.dialect.name == "sqlite" and not self.outages.is_on

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction for reading, which sees one state of the database."""
        present = self._present.get()
        if present is not None:
            yield present.connection
            return
        with self._failures_translated(), self.engine.connect() as connection:
            _begin_reading(connection)
            yield connection

    @contextmanager
    def read_at_once(self) -> Iterator[Connection]:
        """Yield a connection for a short query in the event loop, which keeps it: to open and close one takes longer.

        Each statement sees the newest state. Only one thread may call this. It is `read` unless `reads_at_once`.
        """
        if not self.reads_at_once:
            with self.read() as connection:
                yield connection
            return
        with self._failures_translated():
            if self._kept is None:
                self._kept = self.engine.connect()
            try:
                yield self._kept
            finally:
                if self._kept.in_transaction():
                    self._kept.rollback()

    @contextmanager
    def write(self, durable: bool = True, *, frees_space: bool = False) -> Iterator[Connection]:
        """Open a transaction for writing: committed when the block ends, rolled back when it raises.

        A transaction that is not ``durable`` may be undone by a power cut, on PostgreSQL also by a crash of its server,
        until the next durable one is committed. It takes a tenth of the time. Do not use it for what a request was
        answered with success for, unless its sender repeats it.

        A transaction that ``frees_space``, because files are deleted after it, is possible on a full disk.
        """
        present = self._present.get()
        if present is not None:
            if frees_space:
                self._give_up_spare_space(present)
            # A savepoint: if this part raises and the caller handles it, only this part is rolled back.
            with rolled_back_alone(present.connection), present.connection.begin_nested():
                yield present.connection
            return
        with (
            self._writer,
            ExitStack() as until_committed,
            self._failures_translated(),
            self.engine.begin() as connection,
        ):
            _begin_writing(connection, durable)
            announced = new_announcements(connection)
            transaction = _Transaction(connection, until_committed)
            if frees_space:
                self._give_up_spare_space(transaction)
            entered = self._present.set(transaction)
            try:
                with last_writes(connection):
                    yield connection
            finally:
                self._present.reset(entered)
        # After the commit and outside the lock: a hook may open transactions itself.
        announcing: list[Callable[[], object]] = [partial(self._on_announced, topic) for topic in announced]
        for act in (*transaction.after_commit, *self._on_write, *announcing):
            try:
                act()
            except Exception:  # the change is committed: its caller must not report a failure
                log.exception("an action after a commit failed")

    def _give_up_spare_space(self, transaction: _Transaction) -> None:
        if self._spare is not None:
            transaction.until_committed.enter_context(self._spare.given_up_if_full())

    @contextmanager
    def _failures_translated(self) -> Iterator[None]:
        with self.outages.trial() as may_try:
            if not may_try:
                raise DatabaseAway(AWAY)
            try:
                yield
            except SQLAlchemyError as error:
                failure = failure_of(error, self.engine)
                if failure is None:
                    raise
                if isinstance(failure, DatabaseAway):
                    self.outages.notice_failure(reason_of(error))
                raise failure from error
            self.outages.notice_success()

    def on_write(self, act: Callable[[], object]) -> None:
        """Call ``act`` after every committed write, from now on. It must be fast, and callable from any thread."""
        self._on_write.append(act)

    def on_announced(self, act: Callable[[str], object]) -> None:
        """Call ``act`` after a commit with each topic that was announced in the transaction (`announcements`)."""
        self._on_announced = act

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

    def migrate(self, then: Callable[[Connection], None] | None = None) -> None:
        """Migrate the tables to this version's schema. Several processes may call this at the same time.

        Args:
            then: called at the end of a migration, in its transaction: others see both or neither.
        """
        with self.engine.connect() as connection:
            if present_revision(connection) == newest_revision():
                return
        # On SQLite, Alembic alters a table by copying it. With foreign keys enforced, dropping the original would
        # delete the rows that refer to it; they are checked at the end instead.
        with self._writer, self.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.exec_driver_sql("PRAGMA cache_size=-65536")  # 64 MB, for indexes of long tables
                connection.exec_driver_sql(f"PRAGMA busy_timeout={_MIGRATION_SECONDS * 1000}")
            _begin_writing(connection, durable=True)
            _remove_time_limit(connection)
            acquire_advisory_locks(connection, "migration")
            upgrade(connection)
            if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise RuntimeError("the migration would break references between records; nothing was changed")
            if then is not None:
                then(connection)
        self.engine.dispose()  # closes the connection that does not enforce foreign keys

    def close(self) -> None:
        """Close all connections."""
        if self._kept is not None:
            self._kept.close()
        self.engine.dispose()


def _engine(url: str, connections: int) -> Engine:
    # Parameters may include hashes of secrets, so they are hidden in errors and thus in the log.
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _postgresql_engine(parsed, connections)
    sqlite = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(url, pool_size=16, max_overflow=64, hide_parameters=True, connect_args=sqlite)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _postgresql_engine(url: URL, connections: int) -> Engine:
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    parameters = {name: value for name, value in _POSTGRESQL.items() if name not in url.query}
    from voxel51.server.database.bounded_connection import BoundedConnection  # noqa: PLC0415  (needs the extra)

    engine = create_engine(
        url,
        pool_size=min(16, connections),
        max_overflow=max(0, connections - 16),
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=parameters,
    )
    event.listen(engine, "do_connect", lambda _, __, cargs, cparams: BoundedConnection.connect(*cargs, **cparams))
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _begin_statement(connection: Connection, *_: object) -> None:
    if tracing_facts.get() is not None:
        connection.info["statement begun"] = perf_counter()


def _end_statement(connection: Connection, *_: object) -> None:
    facts, begun = tracing_facts.get(), connection.info.pop("statement begun", None)
    if facts is not None and begun is not None:
        facts.statements += 1
        facts.database_seconds += perf_counter() - begun


def _remove_time_limit(connection: Connection) -> None:
    """Let the statements of a migration take any time. The connection is closed after it."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection  # a BoundedConnection
        driver.answer_seconds = None


def _prepare_postgresql(connection: DBAPIConnection, _record: object) -> None:
    """Make commits durable where the server's own default does not; a stricter default stays."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def _prepare_sqlite(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions: `Database` does
    connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own handles ASCII only
    connection.create_function("indexed_words", -1, indexed_words, deterministic=True)
    for pragma in (f"busy_timeout={_BUSY_SECONDS * 1000}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _use_write_ahead_log(connection)


def _use_write_ahead_log(connection: SqliteConnection) -> None:
    """Turn on WAL. Here SQLite may ignore the busy timeout and fail at once, if others open a new file as well."""
    deadline = monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except OperationalError as error:
            if error.sqlite_errorcode != SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(_WAL_RETRY_SECONDS)
        else:
            return


def _begin_reading(connection: Connection) -> None:
    """Begin what SQLite would otherwise not do before a write. PostgreSQL's driver begins by itself."""
    if connection.dialect.name == "sqlite":
        # By the driver, and not by a listener of SQLAlchemy: listeners, even one for "begin", slow every statement.
        # This takes no lock yet, so it does not fail.
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN")


def _begin_writing(connection: Connection, durable: bool) -> None:
    if connection.dialect.name != "sqlite":
        if not durable:
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        return
    # In WAL mode, NORMAL does not sync at commit: a power cut may undo it, but cannot damage the database.
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
