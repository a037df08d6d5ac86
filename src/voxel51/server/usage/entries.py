"""Entries of the usage ledger: record what changes, in the transaction that makes the change.

So the ledger has an entry exactly if the change was committed. Entries are only inserted: concurrent changes of one
owner do not wait for each other, and their sum does not depend on their order.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from voxel51.server.accounts.tables import applications, users
from voxel51.server.usage.tables import usage_entries, usage_owners
from voxel51.wire import dates


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that ended, or a part of one.

    Attributes:
        failure_type: its `JobFailureType`; None for a part, whose time counts beside that of its job.
        started_at: start of its last attempt; None if it never ran.
    """

    owner_id: str
    failure_type: str | None
    started_at: datetime | None


def record_bytes(connection: Connection, changes: Iterable[tuple[str, int]]) -> None:
    """Record changes of stored bytes, which are pairs of an owner's id and the bytes that came or (negative) went."""
    now = dates.now()
    rows = [{"owner_id": owner_id, "at": now, "bytes_change": change} for owner_id, change in changes if change]
    if rows:
        connection.execute(insert(usage_entries), rows)


def record_ended_jobs(connection: Connection, jobs: Iterable[EndedJob], ended_at: datetime) -> None:
    """Record jobs of users that ended at ``ended_at``. Internal jobs are the platform's own: leave them out."""
    rows = [
        {
            "owner_id": job.owner_id,
            "at": ended_at,
            "bytes_change": 0,
            "failure_type": job.failure_type,
            "started_at": job.started_at,
        }
        for job in jobs
    ]
    if rows:
        connection.execute(insert(usage_entries), rows)


def remember_owner(connection: Connection, owner_id: str) -> None:
    """Keep the name of an account that is being deleted, and the date."""
    named = select(users.c.name, users.c.application_id, applications.c.name.label("application"))
    joined = named.outerjoin(applications, applications.c.id == users.c.application_id)
    row = connection.execute(joined.where(users.c.id == owner_id)).one()
    values = {"application": row.application, "application_id": row.application_id, "deleted_at": dates.now()}
    connection.execute(insert(usage_owners).values(owner_id=owner_id, username=row.name, **values))
