"""Recorded usage: totals of files, uploads and ended jobs by owner and day, so that a report need not read all records.

Triggers of migration 0036 record each change of data and jobs in its own transaction, as a row in ``usage_changes``:
transactions that change the same total would wait for each other. The sweeper adds the changes to the totals.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from sqlalchemy import Column, ColumnElement, Connection, delete, func, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from voxel51.server.accounts.tables import usage_changes, usage_totals
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow

FILES, UPLOADED = "files", "uploaded"
"""Kinds of usage besides ended jobs: data and their stored bytes at present, and bytes uploaded on a day."""

NO_DAY = ""
"""Day of what is counted at present, such as files."""

OwnerFilter = Callable[[Column[str]], Sequence[ColumnElement[bool]]]
"""Function that restricts a column of owner ids to the owners in a report."""

_BATCH_SIZE = 5000


def recorded_usage(connection: Connection, first_day: str, last_day: str, among: OwnerFilter) -> Sequence[DatabaseRow]:
    """Return the usage of each owner, day and kind: rows with the columns of ``usage_totals``."""
    parts = (
        select(table.c.owner_id, table.c.day, table.c.kind, table.c.number, table.c.amount).where(
            table.c.day.between(first_day, last_day), *among(table.c.owner_id)
        )
        for table in (usage_totals, usage_changes)
    )
    # One statement, so that a change that is added to the totals meanwhile is counted once.
    each = union_all(*parts).subquery().c
    key = (each.owner_id, each.day, each.kind)
    summed = select(*key, func.sum(each.number).label("number"), func.sum(each.amount).label("amount"))
    return connection.execute(summed.group_by(*key)).all()


def stored_bytes(connection: Connection, owner_id: str) -> int:
    """Return the bytes of the owner's data. Files with the same bytes count once."""
    rows = recorded_usage(connection, NO_DAY, NO_DAY, lambda owner: (owner == owner_id,))
    return sum(int(row.amount) for row in rows)


def add_changes_to_totals(database: Database) -> int:
    """Add changes to the totals, at most `_BATCH_SIZE`; return how many."""
    oldest = select(usage_changes.c.id).order_by(usage_changes.c.id).limit(_BATCH_SIZE)
    taken = delete(usage_changes).where(usage_changes.c.id.in_(oldest)).returning(*usage_changes.c)
    with database.write(durable=False) as connection:
        acquire_advisory_locks(connection, "usage totals")
        changes = connection.execute(taken).all()
        numbers: Counter[tuple[str, str, str]] = Counter()
        amounts: Counter[tuple[str, str, str]] = Counter()
        for change in changes:
            key = (change.owner_id, change.day, change.kind)
            numbers[key] += change.number
            amounts[key] += change.amount
        if numbers:
            _add(connection, [dict(zip(_COLUMNS, (*key, numbers[key], amounts[key]), strict=True)) for key in numbers])
    return len(changes)


_COLUMNS = ("owner_id", "day", "kind", "number", "amount")


def _add(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(usage_totals)
    total, new = usage_totals.c, statement.excluded
    added = {"number": total.number + new.number, "amount": total.amount + new.amount}
    connection.execute(statement.on_conflict_do_update(index_elements=_COLUMNS[:3], set_=added), rows)
