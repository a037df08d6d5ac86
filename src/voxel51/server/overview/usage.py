"""Usage report: stored bytes of each user, and their jobs and job seconds in a period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from voxel51.server.accounts.callers import Application
from voxel51.server.accounts.recorded_usage import NO_DAY, UPLOADED, OwnerFilter, recorded_usage
from voxel51.server.accounts.tables import applications, users, users_of
from voxel51.server.database.database import Database
from voxel51.server.database.snapshots import Snapshots
from voxel51.server.database.types import DatabaseRow
from voxel51.wire import dates
from voxel51.wire.jobs import JobFailureType
from voxel51.wire.overview import DailyUsage, OwnerUsage, UsageReport

_DAY = timedelta(days=1)
_REPORT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """Parameters of a usage report.

    Attributes:
        days: number of days, today included.
        limit: number of owners to return.
        offset: number of owners to skip.
    """

    days: int
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Usage:
    """Usage of each day, and of each owner, the largest first; and from how many rows it was added up."""

    days: list[DailyUsage]
    owners: list[OwnerUsage]
    rows: int


class UsageService:
    """Usage reports from what is on record; deleted data and deleted accounts are not included.

    They are added up from `recorded_usage`. A report from more than 10,000 rows (owners, times their days with usage)
    may be a minute old.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reports: Snapshots[tuple[str | None, datetime, int], _Usage] = Snapshots(_rows_in, _REPORT_SECONDS)

    def of_all_users(self, query: UsageQuery) -> UsageReport:
        """Return the usage of all users, including those of applications; users without usage are left out."""
        return self._report(query, None, lambda _: ())

    def of_application(self, application: Application, query: UsageQuery) -> UsageReport:
        """Return the usage of all users of ``application``, including those without usage."""
        return self._report(query, application.id, lambda owner: (owner.in_(users_of(application)),))

    def _report(self, query: UsageQuery, application_id: str | None, among: OwnerFilter) -> UsageReport:
        today = dates.now().replace(hour=0, minute=0, second=0, microsecond=0)
        begin = today - (query.days - 1) * _DAY
        usage = self._reports.get((application_id, begin, query.days), lambda: self._usage(begin, query.days, among))
        reported = [each for each in usage.owners if application_id is not None or _has_usage(each)]
        return {"days": usage.days, "owners": reported[query.offset :][: query.limit], "count": len(reported)}

    def _usage(self, begin: datetime, number_of_days: int, among: OwnerFilter) -> _Usage:
        dates_of_days = [(begin + ago * _DAY).date().isoformat() for ago in range(number_of_days)]
        with self._database.read() as connection:
            owners = _names(connection, among)
            files = recorded_usage(connection, NO_DAY, NO_DAY, among)
            daily = recorded_usage(connection, dates_of_days[0], dates_of_days[-1], among)
        _add_files(owners, files)
        days = _days(owners, daily, dates_of_days)
        return _Usage(days, sorted(owners.values(), key=_rank), len(files) + len(daily))


def _rows_in(usage: _Usage) -> int:
    return usage.rows


def _rank(owner: OwnerUsage) -> tuple[float, int, str, str]:
    return -owner["job_seconds"], -owner["bytes"], owner["username"], owner["application"] or ""


def _has_usage(owner: OwnerUsage) -> bool:
    return bool(owner["files"] or owner["completed"] or owner["failed"])


def _names(connection: Connection, among: OwnerFilter) -> dict[str, OwnerUsage]:
    """Return the owners in the report by id, each with zero usage."""
    named = select(users.c.id, users.c.name, applications.c.name.label("application"))
    joined = named.outerjoin(applications, applications.c.id == users.c.application_id)
    found = connection.execute(joined.where(users.c.deleted_at.is_(None), *among(users.c.id)))
    return {row.id: _unused(row.name, row.application) for row in found}


def _unused(username: str, application: str | None) -> OwnerUsage:
    failures = {kind.value: 0 for kind in JobFailureType if kind is not JobFailureType.NONE}
    return {"username": username, "application": application, "bytes": 0, "files": 0, "completed": 0, "failed": 0,
            "failures": failures, "job_seconds": 0.0}  # fmt: skip


def _add_files(owners: Mapping[str, OwnerUsage], rows: Sequence[DatabaseRow]) -> None:
    for row in rows:
        if row.owner_id in owners:  # otherwise the account is being deleted
            owners[row.owner_id].update({"bytes": int(row.amount), "files": int(row.number)})


def _days(owners: Mapping[str, OwnerUsage], rows: Sequence[DatabaseRow], days: Sequence[str]) -> list[DailyUsage]:
    """Return the usage of each day, and add the jobs that ended on them to their owners."""
    by_day: dict[str, DailyUsage] = {
        day: {"date": day, "completed": 0, "failed": 0, "job_seconds": 0.0, "bytes_uploaded": 0} for day in days
    }
    for row in rows:
        day, owner = by_day[row.day], owners.get(row.owner_id)
        if row.kind == UPLOADED:
            day["bytes_uploaded"] += int(row.amount)
            continue
        _add(day, row)
        if owner is not None:
            _add(owner, row)
            if row.kind != JobFailureType.NONE:
                owner["failures"][row.kind] += int(row.number)
    return [*by_day.values()]


def _add(total: DailyUsage | OwnerUsage, row: DatabaseRow) -> None:
    total["completed" if row.kind == JobFailureType.NONE else "failed"] += int(row.number)
    total["job_seconds"] = round(total["job_seconds"] + int(row.amount) / 1000, 3)
