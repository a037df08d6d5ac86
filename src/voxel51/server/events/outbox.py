"""Event outbox: record events in the transaction that makes the change they report.

An event is committed together with its change, so readers (event streams, webhooks) miss none and see none that was
rolled back.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert

from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.announcements import announce
from voxel51.server.database.signals import EVENTS
from voxel51.server.events.tables import events
from voxel51.wire import dates
from voxel51.wire.events import EventName

_REPLACED = {EventName.PROGRESS, EventName.PARTIAL}


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
    if not rows:
        return
    # Readers continue from the last id that they saw, so events must become visible in the order of their ids. Ids are
    # assigned at the insert but visible at the commit: the lock, held until the commit, keeps the two in the same order
    # for transactions that run in parallel.
    acquire_advisory_locks(connection, "events")
    if name in _REPLACED:
        outdated = events.c.job_id.in_([row["job_id"] for row in rows]) & (events.c.name == name.value)
        connection.execute(delete(events).where(outdated))
    connection.execute(insert(events), rows)
    announce(connection, EVENTS)
