"""Audit log: record who did what to which account, in the transaction that does it. It never contains secrets."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, delete, insert

from voxel51.server.accounts.tables import audit_log
from voxel51.server.database.database import Database
from voxel51.server.database.listing import run
from voxel51.server.database.search import Listing, Query
from voxel51.wire import dates
from voxel51.wire.accounts import AuditEntry, AuditLog

_PAGE_SIZE = 100
"""Number of entries returned unless the query sets a limit."""


class Principal(Protocol):
    """A user, an application or the command line: the actor of an entry, or the account that it concerns."""

    @property
    def name(self) -> str:
        """Name shown to readers of the log."""

    @property
    def identity(self) -> str:
        """Unique identifier, also among principals of other kinds."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The actor of commands on the platform's own machine."""

    name: str = "command line"
    identity: str = "command line"


COMMAND_LINE = CommandLine()

LISTING = Listing(
    columns={
        "id": audit_log.c.id,
        "date": audit_log.c.date,
        "actor": audit_log.c.actor,
        "action": audit_log.c.action,
        "account": audit_log.c.account_name,
        "details": audit_log.c.details,
    },
    texts=frozenset({"actor", "action", "account"}),
    flags=frozenset(),
    identity=audit_log.c.id,
)


def record(connection: Connection, actor: Principal, action: str, account: Principal, **details: object) -> None:
    """Add an entry: ``actor`` did ``action`` (a noun and a verb, such as "token issued") to ``account``."""
    connection.execute(
        insert(audit_log).values(
            date=dates.now(),
            actor=actor.name if actor is COMMAND_LINE else f"{actor.name} ({actor.identity})",
            action=action,
            account=account.identity,
            account_name=account.name,
            details=details,
        )
    )


class AuditService:
    """Reads the audit log, and deletes entries older than ``retention``."""

    def __init__(self, database: Database, retention: timedelta) -> None:
        self._database = database
        self._retention = retention

    def of(self, account: Principal, query: Query) -> AuditLog:
        """Return the matching entries of one account, newest first unless the query sorts."""
        return self._run(query, audit_log.c.account == account.identity)

    def all(self, query: Query) -> AuditLog:
        """Return all matching entries, newest first unless the query sorts."""
        return self._run(query)

    def expire(self) -> int:
        """Delete entries older than the retention period; return how many."""
        with self._database.write() as connection:
            expired = audit_log.c.date < dates.now() - self._retention
            return connection.execute(delete(audit_log).where(expired)).rowcount

    def _run(self, query: Query, *visible: ColumnElement[bool]) -> AuditLog:
        limit = _PAGE_SIZE if query.limit is None else query.limit
        query = replace(query, sort=query.sort or ("id", True), limit=limit)
        with self._database.read() as connection:
            page = run(connection, LISTING, query, visible)
        records = [_to_wire(record) for record in page.records]
        return {"audit": records, **page.totals()}


def _to_wire(entry: dict[str, object]) -> AuditEntry:
    if isinstance(moment := entry.get("date"), datetime):
        entry["date"] = dates.to_text(moment)
    return entry  # type: ignore[return-value]  # its keys are those of LISTING
