"""Newest results: of each video, the newest complete job of one analytic, or of each."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.chunks import in_chunks
from voxel51.server.jobs.label_jobs import video_of
from voxel51.server.jobs.tables import job_inputs, jobs, user_submitted
from voxel51.wire.jobs import JobState

RESULT_COLUMNS = (
    jobs.c.id,
    jobs.c.name,
    jobs.c.request,
    jobs.c.completion_date,
    jobs.c.frame_count,
    jobs.c.duration_seconds,
    analytics.c.document,
    analytics.c.name.label("analytic"),
    analytics.c.version,
)
"""Columns of the results: of the jobs, and of their analytics."""

_input = job_inputs.c


def complete_jobs(owner: User) -> Select[*tuple[object, ...]]:
    """Select the complete jobs of an owner that have not expired, in the columns of `RESULT_COLUMNS`."""
    return (
        select(*RESULT_COLUMNS)
        .join(analytics, analytics.c.id == jobs.c.analytic_id)
        .where(
            jobs.c.owner_id == owner.id,
            jobs.c.state == JobState.COMPLETE.value,
            jobs.c.expired.is_(False),
            user_submitted,
        )
    )


def newest_results(
    connection: Connection,
    owner: User,
    data_ids: Sequence[str] | None,
    analytic: str | None = None,
    *,
    limit: int | None = None,
    check_count: Callable[[int], None] = lambda _: None,
) -> list[RowMapping]:
    """Return the newest complete job of an analytic on each video, the newest first, in the columns `RESULT_COLUMNS`.

    Args:
        connection: a connection.
        owner: whose jobs count.
        data_ids: the videos; None: all.
        analytic: full name of the analytic; None: of each analytic.
        limit: number of jobs that are read at most for each part of the videos.
        check_count: is called with the number of jobs that were read, and raises if these are too many.
    """
    wanted = None if data_ids is None else {*data_ids}
    found: dict[str, RowMapping] = {}
    parts = [[]] if wanted is None else [[_input.data_id.in_(part)] for part in in_chunks(sorted(wanted))]
    for conditions in parts:
        newest = _newest_on_each(owner, analytic, limit, *conditions)
        rows = connection.execute(complete_jobs(owner).where(jobs.c.id.in_(newest))).mappings()
        found |= {row["id"]: row for row in rows}
        check_count(len(found))
    return newest_of_each(found.values(), wanted)


def newest_of_each(rows: Iterable[RowMapping], wanted: set[str] | None = None) -> list[RowMapping]:
    """Return the newest job of each analytic on each video among ``rows``, the newest first.

    Without ``wanted``, which limits the videos, jobs whose video is unknown count as jobs on one video.
    """
    newest: dict[tuple[str | None, str], RowMapping] = {}
    for row in sorted(rows, key=lambda row: (row["completion_date"], row["id"]), reverse=True):
        video = video_of(row["request"], row["document"])
        if wanted is None or video in wanted:
            newest.setdefault((video, row["analytic"]), row)
    return [*newest.values()]


def _newest_on_each(
    owner: User, analytic: str | None, limit: int | None, *conditions: ColumnElement[bool]
) -> Select[*tuple[object, ...]]:
    """Select the ids of the newest complete jobs on each data, also on data that is not their video.

    The newest job on a video is among them, because the video is among its data.
    """
    rank = func.row_number().over(
        partition_by=(_input.data_id, analytics.c.name), order_by=(jobs.c.completion_date.desc(), jobs.c.id.desc())
    )
    if analytic is not None:  # as ids, which an index of the inputs has
        conditions = (*conditions, _input.analytic_id.in_(select(analytics.c.id).where(analytics.c.name == analytic)))
    ranked = (
        select(jobs.c.id, rank.label("rank"))
        .select_from(job_inputs)
        .join(jobs, jobs.c.id == _input.job_id)
        .join(analytics, analytics.c.id == jobs.c.analytic_id)
        .where(
            _input.owner_id == owner.id,
            jobs.c.state == JobState.COMPLETE.value,
            jobs.c.expired.is_(False),
            user_submitted,
            *conditions,
        )
        .subquery()
    )
    return select(ranked.c.id).where(ranked.c.rank == 1).distinct().limit(limit)
