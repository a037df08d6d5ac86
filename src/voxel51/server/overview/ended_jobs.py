"""Statistics of user-submitted jobs that ended in a period, read from covering indexes alone."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, literal, select

from voxel51.server.database.types import seconds_between
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.wire.jobs import JobFailureType

_NONE = JobFailureType.NONE.value


def ended_by_owner(
    connection: Connection, begin: datetime, end: datetime, among: Sequence[ColumnElement[bool]] = ()
) -> Iterator[RowMapping]:
    """Yield rows of ``owner_id``, ``failure_type`` (NONE: completed), ``number`` of jobs, and their total ``seconds``.

    ``end`` itself is outside the period. Sums are over the whole period: ask for one day at a time to get sums by day,
    so that the database groups the jobs of one day only.
    """
    completed = _grouped(jobs.c.completion_date, literal(_NONE).label("failure_type"))
    failed = _grouped(jobs.c.fail_date, jobs.c.failure_type).group_by(jobs.c.failure_type)
    for statement, moment in ((completed, jobs.c.completion_date), (failed, jobs.c.fail_date)):
        yield from connection.execute(statement.where(moment >= begin, moment < end, user_submitted, *among)).mappings()


def number_ended(connection: Connection, begin: datetime, end: datetime) -> tuple[int, int]:
    """Return how many jobs were completed, and how many failed."""
    completed, failed = (
        connection.execute(select(func.count()).where(moment >= begin, moment < end, user_submitted)).scalar_one()
        for moment in (jobs.c.completion_date, jobs.c.fail_date)
    )
    return completed, failed


def _grouped(moment: ColumnElement[datetime], failure_type: ColumnElement[str]) -> Select[*tuple[object, ...]]:
    seconds = func.sum(seconds_between(jobs.c.start_date, moment))
    columns = (jobs.c.owner_id, failure_type, func.count().label("number"), seconds.label("seconds"))
    return select(*columns).group_by(jobs.c.owner_id)
