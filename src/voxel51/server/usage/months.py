"""Months of the usage ledger: add entries to the sums of their months.

The bytes x seconds of a month follow from two sums: the bytes that were stored when it began, for its whole length, and
each change for the time from it to the month's end. Both are linear in the entries. So entries may be added in any
order, also one whose transaction was committed late.
"""

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.types import DatabaseRow
from voxel51.server.usage.tables import usage_entries, usage_months, usage_owners
from voxel51.wire.jobs import JobFailureType

_BATCH_SIZE = 5000
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


@dataclass(slots=True)
class MonthSums:
    """Sums of entries of one owner in one month; the fields are columns of `usage_months`."""

    bytes_change: int = 0
    change_byte_seconds: float = 0.0
    uploaded_bytes: int = 0
    completed: int = 0
    failed: int = 0
    job_seconds: float = 0.0

    def add(self, entry: DatabaseRow) -> None:
        """Add one entry."""
        self.bytes_change += entry.bytes_change
        self.change_byte_seconds += entry.bytes_change * (end_of(month_of(entry.at)) - entry.at).total_seconds()
        self.uploaded_bytes += max(0, entry.bytes_change)
        if entry.failure_type is not None:
            has_completed = entry.failure_type == JobFailureType.NONE
            self.completed += has_completed
            self.failed += not has_completed
        self.job_seconds += _run_seconds(entry)


SUMS = [each.name for each in fields(MonthSums)]
"""Columns with sums."""

CARRIED = "0000-00"
"""Month, before all others, of the bytes that each owner stores since months that were deleted."""


def month_of(moment: datetime) -> str:
    """Return the month of ``moment`` in UTC, such as ``2026-11``."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def begin_of(month: str) -> datetime:
    """Return the first moment of a month.

    Raises:
        ValueError: it is not a month such as ``2026-11``; the text names it.
    """
    if not _MONTH.fullmatch(month):
        raise ValueError(f"{month!r:.40} is not a month, such as 2026-11")
    year, number = month.split("-")
    return datetime(int(year), int(number), 1, tzinfo=UTC)


def end_of(month: str) -> datetime:
    """Return the first moment after a month."""
    return (begin_of(month) + timedelta(days=31)).replace(day=1)


def add_entries(connection: Connection) -> int:
    """Add one batch of entries to their months, in the transaction of ``connection``; return how many there were."""
    acquire_advisory_locks(connection, "usage ledger")
    entries = connection.execute(select(usage_entries).order_by(usage_entries.c.id).limit(_BATCH_SIZE)).all()
    sums: dict[tuple[str, str], MonthSums] = {}
    for entry in entries:
        sums.setdefault((entry.owner_id, month_of(entry.at)), MonthSums()).add(entry)
    for (owner_id, month), added in sorted(sums.items()):
        _add(connection, owner_id, month, added)
    # By id: an entry with a smaller id, whose transaction was committed meanwhile, must stay.
    if entries:
        added_ids = [{"entry": each.id} for each in entries]
        connection.execute(delete(usage_entries).where(usage_entries.c.id == bindparam("entry")), added_ids)
    return len(entries)


def carry_over(connection: Connection, oldest: str) -> None:
    """Delete the months before ``oldest``; the bytes that owners store since then are carried over."""
    acquire_advisory_locks(connection, "usage ledger")
    expired = usage_months.c.month < oldest
    stored = func.sum(usage_months.c.bytes_change)
    kept = select(usage_months.c.owner_id, stored.label("stored")).where(expired).group_by(usage_months.c.owner_id)
    rows = connection.execute(kept.having(stored != 0)).all()
    connection.execute(delete(usage_months).where(expired))
    if rows:
        nothing = dict.fromkeys(SUMS, 0)
        carried = [{**nothing, "owner_id": row.owner_id, "month": CARRIED, "bytes_change": row.stored} for row in rows]
        connection.execute(insert(usage_months), carried)
    has_months = select(usage_months.c.owner_id).where(usage_months.c.owner_id == usage_owners.c.owner_id)
    connection.execute(delete(usage_owners).where(usage_owners.c.deleted_at < begin_of(oldest), ~has_months.exists()))


def _add(connection: Connection, owner_id: str, month: str, added: MonthSums) -> None:
    values = {name: getattr(added, name) for name in SUMS}
    of_month = (usage_months.c.owner_id == owner_id) & (usage_months.c.month == month)
    increased = (
        update(usage_months).where(of_month).values({name: usage_months.c[name] + values[name] for name in SUMS})
    )
    if connection.execute(increased).rowcount == 0:
        connection.execute(insert(usage_months).values(owner_id=owner_id, month=month, **values))


def _run_seconds(entry: DatabaseRow) -> float:
    return 0.0 if entry.started_at is None else max(0.0, (entry.at - entry.started_at).total_seconds())
