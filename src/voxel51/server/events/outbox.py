"""Writing events, in the transaction that makes what they tell."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert

from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.events.tables import events
from voxel51.wire import dates
from voxel51.wire.events import EventName


def record(
    connection: Connection, name: EventName, jobs: Iterable[tuple[str, str]], document: Mapping[str, Any]
) -> None:
    """Write that something happened to ``jobs``, each an id and its owner's id.

    Of progress only the latest is kept. Events become visible in the order of their ids, since readers go on from the
    last one they saw: where transactions run side by side, those that write events do so one after another.
    """
    now = dates.now()
    rows = [
        {"owner_id": owner_id, "job_id": job_id, "name": name.value, "date": now, "document": document}
        for job_id, owner_id in jobs
    ]
    if not rows:
        return
    acquire_advisory_locks(connection, "events")
    if name is EventName.PROGRESS:
        outdated = events.c.job_id.in_([row["job_id"] for row in rows]) & (events.c.name == name.value)
        connection.execute(delete(events).where(outdated))
    connection.execute(insert(events), rows)
