"""Reports of the usage ledger: what each owner used in a month, and the expiry of old months."""

import csv
import io
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, case, func, select

from voxel51.server.accounts.callers import Application
from voxel51.server.accounts.tables import applications, users
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.usage.months import CARRIED, SUMS, add_entries, begin_of, carry_over, end_of, month_of
from voxel51.server.usage.tables import usage_entries, usage_months, usage_owners
from voxel51.wire import dates
from voxel51.wire.usage import MonthlyUsage, UsageMonth

COLUMNS = (
    "month", "username", "application", "deleted", "stored_bytes", "byte_seconds", "uploaded_bytes", "completed",
    "failed", "job_seconds",
)  # fmt: skip
"""Columns of the CSV."""

_MOST_MONTHS = 120


class UsageLedger:
    """Monthly usage of owners, also of deleted ones.

    Args:
        database: the database.
        retention: time after its end in which a month is kept.
    """

    def __init__(self, database: Database, retention: timedelta) -> None:
        self._database = database
        self._retention = retention

    def month(self, month: str, application: Application | None = None) -> UsageMonth:
        """Return the usage of all owners in ``month``, or of the users of ``application``; the present one until now.

        Raises:
            ValueError: the month is invalid.
        """
        begin_of(month)
        self.add_up()
        now = dates.now()
        with self._database.read() as connection:
            rows = connection.execute(_used_in(month, application)).all()
        found = [_usage(row, month, now) for row in rows]
        owners = [each for each in found if _is_used(each)]
        return {"month": month, "owners": sorted(owners, key=_rank)}

    def table(self, first: str, last: str, application: Application | None = None) -> str:
        """Return the usage of the months from ``first`` to ``last`` as CSV with a line of headings.

        Raises:
            ValueError: a month is invalid, or the period is empty or too long.
        """
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for month in months_between(first, last):
            writer.writerows({"month": month, **owner} for owner in self.month(month, application)["owners"])
        return text.getvalue()

    def add_up(self) -> int:
        """Add all entries to the sums of their months; return 0: none is left."""
        while self._add_batch():
            pass
        return 0

    def _add_batch(self) -> int:
        with self._database.read() as connection:  # which waits for no writer
            if connection.execute(select(usage_entries.c.id).limit(1)).first() is None:
                return 0
        with self._database.write(durable=False) as connection:
            return add_entries(connection)

    def expire(self) -> int:
        """Add up what is new, and delete months that ended longer ago than the retention; return 0: none is left."""
        self.add_up()
        oldest = month_of(dates.now() - self._retention)
        is_expired = (usage_months.c.month < oldest) & (usage_months.c.month != CARRIED)
        with self._database.read() as connection:
            if connection.execute(select(usage_months.c.month).where(is_expired).limit(1)).first() is None:
                return 0
        with self._database.write(durable=False) as connection:
            carry_over(connection, oldest)
        return 0


def months_between(first: str, last: str) -> list[str]:
    """Return the months from ``first`` to ``last``.

    Raises:
        ValueError: one is invalid, or the period is empty or too long.
    """
    begin_of(last)
    months = [month_of(begin_of(first))]
    while months[-1] < last and len(months) < _MOST_MONTHS:
        months.append(month_of(end_of(months[-1])))
    if months[-1] != last:
        raise ValueError(f"from {first} to {last} are not 1 to {_MOST_MONTHS} months")
    return months


def _used_in(month: str, application: Application | None) -> Select[*tuple[object, ...]]:
    """Select the sums of each owner: those of ``month``, and the bytes that were stored when it began."""
    is_before = usage_months.c.month < month
    here = {name: func.sum(case((is_before, 0), else_=usage_months.c[name])).label(name) for name in SUMS}
    stored = func.sum(case((is_before, usage_months.c.bytes_change), else_=0)).label("stored_before")
    sums = select(usage_months.c.owner_id, stored, *here.values()).where(usage_months.c.month <= month)
    grouped = sums.group_by(usage_months.c.owner_id).subquery()
    selected = select(
        grouped,
        func.coalesce(usage_owners.c.username, users.c.name).label("username"),
        func.coalesce(usage_owners.c.application, applications.c.name).label("application"),
        usage_owners.c.deleted_at,
    )
    joined = (
        selected.outerjoin(usage_owners, usage_owners.c.owner_id == grouped.c.owner_id)
        .outerjoin(users, users.c.id == grouped.c.owner_id)
        .outerjoin(applications, applications.c.id == users.c.application_id)
    )
    return joined if application is None else joined.where(_belongs_to(application))


def _belongs_to(application: Application) -> ColumnElement[bool]:
    return func.coalesce(usage_owners.c.application_id, users.c.application_id) == application.id


def _usage(row: DatabaseRow, month: str, now: datetime) -> MonthlyUsage:
    begin, end = begin_of(month), end_of(month)
    stored = int(row.stored_before) + int(row.bytes_change)
    byte_seconds = int(row.stored_before) * (end - begin).total_seconds() + row.change_byte_seconds
    if now < end:  # the sums are for the whole month
        byte_seconds -= stored * (end - max(now, begin)).total_seconds()
    return {
        "username": row.username or "",
        "application": row.application,
        "deleted": row.deleted_at is not None,
        "stored_bytes": stored,
        "byte_seconds": max(0, round(byte_seconds)),
        "uploaded_bytes": int(row.uploaded_bytes),
        "completed": int(row.completed),
        "failed": int(row.failed),
        "job_seconds": round(row.job_seconds, 3),
    }


def _is_used(usage: MonthlyUsage) -> bool:
    return any(usage[name] for name in ("byte_seconds", "stored_bytes", "uploaded_bytes", "completed", "failed"))


def _rank(usage: MonthlyUsage) -> tuple[float, int, str, str]:
    return -usage["job_seconds"], -usage["byte_seconds"], usage["username"], usage["application"] or ""
