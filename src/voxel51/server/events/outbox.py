"""Event outbox: record events in the transaction that makes the change they report.

An event is committed together with its change, so readers (event streams, webhooks) miss none and see none that was
rolled back.

Readers continue from the last id that they saw, so events must become visible in the order of their ids. Ids are
assigned at the insert but visible at the commit: an advisory lock, held until the commit, keeps the two in the same
order for transactions that run in parallel. Events are therefore inserted at the end of their transaction: it holds the
lock for as short as possible, and waits for no row while it holds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_

from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.announcements import announce
from voxel51.server.database.last_writes import write_last
from voxel51.server.database.signals import EVENTS
from voxel51.server.events.tables import events
from voxel51.wire import dates
from voxel51.wire.events import EventName

_REPLACED = frozenset({EventName.PROGRESS.value, EventName.PARTIAL.value})


def record(
    connection: Connection, name: EventName, jobs: Iterable[tuple[str, str]], document: Mapping[str, object]
) -> None:
    """Record an event for each of ``jobs``, which are pairs of a job id and its owner's id.

    Only the latest event of a job is kept of those that a later one replaces: progress, partial results.
    """
    now = dates.now()
    rows = [
        {"owner_id": owner_id, "job_id": job_id, "name": name.value, "date": now, "document": document}
        for job_id, owner_id in jobs
    ]
    if rows:
        write_last(connection, _insert, rows)


def _insert(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    acquire_advisory_locks(connection, "events")
    newest = {(row["job_id"], row["name"]): row for row in rows if row["name"] in _REPLACED}
    if newest:
        outdated = [and_(events.c.job_id == job_id, events.c.name == name) for job_id, name in newest]
        connection.execute(delete(events).where(or_(*outdated)))
    kept = [row for row in rows if row is newest.get((row["job_id"], row["name"]), row)]
    connection.execute(insert(events), kept)
    announce(connection, EVENTS)
