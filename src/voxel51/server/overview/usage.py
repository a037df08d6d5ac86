"""Usage report: stored bytes of each user, and their jobs and job seconds in a period."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, case, func, select

from voxel51.server.accounts.callers import Application
from voxel51.server.accounts.tables import applications, users, users_of
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.database.snapshots import Snapshots
from voxel51.server.jobs.tables import jobs
from voxel51.server.overview.ended_jobs import ended_by_owner
from voxel51.wire import dates
from voxel51.wire.jobs import JobFailureType
from voxel51.wire.overview import DailyUsage, OwnerUsage, UsageReport

_DAY = timedelta(days=1)
_REPORT_SECONDS = 60.0
OwnerFilter = Callable[[Column[str]], Sequence[ColumnElement[bool]]]
"""Function that restricts a column of owner ids to the owners in the report."""


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
    """Usage of each day, and of each owner, the largest first."""

    days: list[DailyUsage]
    owners: list[OwnerUsage]


class UsageService:
    """Usage reports from what is on record; deleted data and deleted accounts are not included.

    A report of more than 10,000 files and jobs may be a minute old.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reports: Snapshots[tuple[str | None, datetime, int], _Usage] = Snapshots(_records_in, _REPORT_SECONDS)

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
        with self._database.read() as connection:
            owners = _names(connection, among)
            _add_files(connection, owners, among)
            days = [_day(connection, owners, among, begin + ago * _DAY) for ago in range(number_of_days)]
        return _Usage(days, sorted(owners.values(), key=_rank))


def _records_in(usage: _Usage) -> int:
    files = sum(owner["files"] for owner in usage.owners)
    return files + sum(day["completed"] + day["failed"] for day in usage.days)


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


def _add_files(connection: Connection, owners: Mapping[str, OwnerUsage], among: OwnerFilter) -> None:
    # Data with the same content share one file, so each storage key counts once. Linked data has no file of ours.
    stored = case((data.c.storage_key.is_(None), 0), else_=func.max(data.c.size_bytes))
    contents = (
        select(data.c.owner_id, stored.label("bytes"), func.count().label("files"))
        .where(*among(data.c.owner_id))
        .group_by(data.c.owner_id, data.c.storage_key)
        .subquery()
    )
    added = select(contents.c.owner_id, func.sum(contents.c.bytes), func.sum(contents.c.files))
    for owner_id, size_bytes, files in connection.execute(added.group_by(contents.c.owner_id)):
        if owner_id in owners:  # otherwise the account is being deleted
            owners[owner_id].update({"bytes": int(size_bytes), "files": int(files)})


def _day(connection: Connection, owners: Mapping[str, OwnerUsage], among: OwnerFilter, begin: datetime) -> DailyUsage:
    """Return the usage of one day, and add the jobs that ended on it to their owners."""
    day: DailyUsage = {
        "date": begin.date().isoformat(), "completed": 0, "failed": 0, "job_seconds": 0.0,
        "bytes_uploaded": _bytes_uploaded(connection, among, begin),
    }  # fmt: skip
    for row in ended_by_owner(connection, begin, begin + _DAY, among(jobs.c.owner_id)):
        _add(day, row)
        owner = owners.get(row["owner_id"])
        if owner is not None:
            _add(owner, row)
            if row["failure_type"] != JobFailureType.NONE:
                owner["failures"][row["failure_type"]] += row["number"]
    return day


def _add(total: DailyUsage | OwnerUsage, row: RowMapping) -> None:
    total["completed" if row["failure_type"] == JobFailureType.NONE else "failed"] += row["number"]
    total["job_seconds"] = round(total["job_seconds"] + (row["seconds"] or 0.0), 3)


def _bytes_uploaded(connection: Connection, among: OwnerFilter, begin: datetime) -> int:
    came = (data.c.upload_date >= begin) & (data.c.upload_date < begin + _DAY) & data.c.storage_key.is_not(None)
    added = select(func.sum(data.c.size_bytes)).where(came, *among(data.c.owner_id))
    return int(connection.execute(added).scalar() or 0)
