"""The audit log: who did what to whose account, written in the transaction that does it. No secret is ever in it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, delete, insert

from voxel51.server.accounts.tables import audit_log
from voxel51.server.database.database import Database
from voxel51.server.database.search import Listing, Query, run
from voxel51.wire import dates
from voxel51.wire.accounts import AuditEntry, AuditLog

_PAGE = 100
"""Lines told at once, unless the reader says how many."""


class Principal(Protocol):
    """Whoever acts, or is acted upon."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def identity(self) -> str:
        """What tells it from every other."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Whoever may run commands on the platform's own machine."""

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


def record(connection: Connection, actor: Principal, action: str, account: Principal, **details: Any) -> None:
    """Note that ``actor`` did ``action`` (a noun and a verb, such as "token issued") to what is ``account``'s."""
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
    """Reads the log, and forgets what is older than it is ``kept``."""

    def __init__(self, database: Database, kept: timedelta) -> None:
        self._database = database
        self._kept = kept

    def of(self, account: Principal, query: Query) -> AuditLog:
        """What concerns one account and matches, the newest first unless the query sorts."""
        return self._run(query, audit_log.c.account == account.identity)

    def all(self, query: Query) -> AuditLog:
        """All that matches, the newest first unless the query sorts."""
        return self._run(query)

    def expire(self) -> int:
        """Delete what is too old; returns how many lines."""
        with self._database.write() as connection:
            return connection.execute(delete(audit_log).where(audit_log.c.date < dates.now() - self._kept)).rowcount

    def _run(self, query: Query, *visible: ColumnElement[bool]) -> AuditLog:
        query = replace(query, sort=query.sort or ("id", True), limit=_PAGE if query.limit is None else query.limit)
        with self._database.read() as connection:
            rows, count = run(connection, LISTING, query, visible)
        return {"audit": [_entry(row) for row in rows], "count": count}


def _entry(record: dict[str, Any]) -> AuditEntry:
    if "date" in record:
        record["date"] = dates.to_text(record["date"])
    return record  # type: ignore[return-value]  # its keys are those of LISTING
