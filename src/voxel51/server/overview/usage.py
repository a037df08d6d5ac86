"""Who uses how much: bytes that are kept, and jobs and their seconds in a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, case, func, select

from voxel51.server.accounts.callers import Application
from voxel51.server.accounts.tables import applications, users, users_of
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.jobs.tables import jobs
from voxel51.server.overview.ended_jobs import ended_by_owner
from voxel51.wire import dates
from voxel51.wire.jobs import JobFailureType
from voxel51.wire.overview import DailyUsage, OwnerUsage, UsageReport

_DAY = timedelta(days=1)
OwnerFilter = Callable[[Column[str]], Sequence[ColumnElement[bool]]]
"""Restricts a column of owners' ids to those who are looked at."""


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """How many days are looked at, the present one among them, and which owners are told of."""

    days: int
    limit: int
    offset: int


class UsageService:
    """Adds up what is on record: what was deleted, and accounts that are gone, count no more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_everybody(self, asked: UsageQuery) -> UsageReport:
        """The usage of all users of the platform and of applications who use anything."""
        return self._report(asked, lambda _: ())

    def of_application(self, application: Application, asked: UsageQuery) -> UsageReport:
        """The usage of all users of ``application``, also of those who use nothing."""
        return self._report(asked, lambda owner: (owner.in_(users_of(application)),), is_whole=True)

    def _report(self, asked: UsageQuery, among: OwnerFilter, *, is_whole: bool = False) -> UsageReport:
        begin = dates.now().replace(hour=0, minute=0, second=0, microsecond=0) - (asked.days - 1) * _DAY
        with self._database.read() as connection:
            owners = _names(connection, among)
            _add_files(connection, owners, among)
            days = [_day(connection, owners, among, begin + ago * _DAY) for ago in range(asked.days)]
        told = [each for each in owners.values() if is_whole or _uses_anything(each)]
        told.sort(key=lambda each: (-each["job_seconds"], -each["bytes"], each["username"], each["application"] or ""))
        return {"days": days, "owners": told[asked.offset :][: asked.limit], "count": len(told)}


def _uses_anything(owner: OwnerUsage) -> bool:
    return bool(owner["files"] or owner["completed"] or owner["failed"])


def _names(connection: Connection, among: OwnerFilter) -> dict[str, OwnerUsage]:
    """Everybody who is looked at, by id, with nothing used so far."""
    named = select(users.c.id, users.c.name, applications.c.name.label("application"))
    joined = named.outerjoin(applications, applications.c.id == users.c.application_id)
    found = connection.execute(joined.where(users.c.deleted_at.is_(None), *among(users.c.id)))
    return {row.id: _unused(row.name, row.application) for row in found}


def _unused(username: str, application: str | None) -> OwnerUsage:
    failures = {kind.value: 0 for kind in JobFailureType if kind is not JobFailureType.NONE}
    return {"username": username, "application": application, "bytes": 0, "files": 0, "completed": 0, "failed": 0,
            "failures": failures, "job_seconds": 0.0}  # fmt: skip


def _add_files(connection: Connection, owners: Mapping[str, OwnerUsage], among: OwnerFilter) -> None:
    kept = case((data.c.storage_key.is_(None), 0), else_=func.max(data.c.size_bytes))  # or kept elsewhere
    contents = (
        select(data.c.owner_id, kept.label("bytes"), func.count().label("files"))
        .where(*among(data.c.owner_id))
        .group_by(data.c.owner_id, data.c.storage_key)
        .subquery()
    )
    added = select(contents.c.owner_id, func.sum(contents.c.bytes), func.sum(contents.c.files))
    for owner_id, size_bytes, files in connection.execute(added.group_by(contents.c.owner_id)):
        if owner_id in owners:  # and not being removed
            owners[owner_id].update({"bytes": int(size_bytes), "files": int(files)})


def _day(connection: Connection, owners: Mapping[str, OwnerUsage], among: OwnerFilter, begin: datetime) -> DailyUsage:
    """One day; what ended in it is added to its owners' as well."""
    day: DailyUsage = {
        "date": begin.date().isoformat(), "completed": 0, "failed": 0, "job_seconds": 0.0,
        "bytes_uploaded": _bytes_uploaded(connection, among, begin),
    }  # fmt: skip
    for row in ended_by_owner(connection, begin, begin + _DAY, among(jobs.c.owner_id)):
        _add(day, row)
        owner = owners.get(row.owner_id)
        if owner is not None:
            _add(owner, row)
            if row.failure_type != JobFailureType.NONE:
                owner["failures"][row.failure_type] += row.number
    return day


def _add(total: DailyUsage | OwnerUsage, row: Row[Any]) -> None:
    total["completed" if row.failure_type == JobFailureType.NONE else "failed"] += row.number
    total["job_seconds"] = round(total["job_seconds"] + (row.seconds or 0.0), 3)


def _bytes_uploaded(connection: Connection, among: OwnerFilter, begin: datetime) -> int:
    came = (data.c.upload_date >= begin) & (data.c.upload_date < begin + _DAY) & data.c.storage_key.is_not(None)
    added = select(func.sum(data.c.size_bytes)).where(came, *among(data.c.owner_id))
    return int(connection.execute(added).scalar() or 0)
