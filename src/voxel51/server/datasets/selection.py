"""Selection of the jobs of a dataset: by their ids, or the newest of an analytic on each video."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import analytics
from voxel51.server.data.tables import data
from voxel51.server.database.types import DatabaseRecord
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.label_jobs import produces_labels, video_of
from voxel51.server.jobs.outputs import checked_output, job_not_found, jobs_with_files
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.wire.datasets import MAX_DATASET_JOBS
from voxel51.wire.jobs import JobState

_IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class DatasetJob:
    """Job of a dataset. ``data_id`` is None if its video is not needed; ``video_key`` is equal for the same video."""

    job_id: str
    data_id: str | None
    video_key: str
    video_name: str


def select_jobs(connection: Connection, owner: User, job_ids: Sequence[str], *, with_videos: bool) -> list[DatasetJob]:
    """Return the jobs with these ids, in their order, without repetition.

    Raises:
        NotFound: the owner has no such job, or its video was deleted and is needed.
        BadRequest: there are too many jobs, or a job has no labels of a video, or none yet.
    """
    ids = [*dict.fromkeys(job_ids)]
    if not ids:
        raise BadRequest("A dataset needs at least one job. Name 'jobs', or an 'analytic' that has completed jobs.")
    if len(ids) > MAX_DATASET_JOBS:
        raise BadRequest(f"A dataset has at most {MAX_DATASET_JOBS} jobs, not {len(ids)}. Make several datasets.")
    columns = analytics.c.document.label("analytic_document")
    found: dict[str, DatabaseRecord] = {}
    for some in _pieces(ids):
        chosen = jobs_with_files().add_columns(columns).where(jobs.c.id.in_(some), user_submitted)
        rows = connection.execute(chosen.where(jobs.c.owner_id == owner.id)).mappings()
        found |= {row["id"]: row for row in rows}
    videos = {}
    for job_id in ids:
        if job_id not in found:
            raise job_not_found(job_id)
        row = found[job_id]
        checked_output(row)
        if not produces_labels(row["analytic_document"]):
            name = row["request"]["analytic"]
            raise BadRequest(f"The output of job '{job_id}' is not labels of a video, says its analytic '{name}'")
        videos[job_id] = video_of(row["request"], row["analytic_document"])
    names = dict(_names(connection, owner, {data_id for data_id in videos.values() if data_id is not None}))
    return [_job(job_id, videos[job_id], names, found[job_id]["name"], with_videos=with_videos) for job_id in ids]


def newest_jobs(connection: Connection, owner: User, analytic: str, data_ids: Sequence[str] | None) -> list[str]:
    """Return the ids of the newest complete job of an analytic on each video, ordered by their completion.

    ``data_ids`` limits the videos; None: all.
    """
    statement = (
        select(jobs.c.id, jobs.c.request, analytics.c.document)
        .join(analytics, analytics.c.id == jobs.c.analytic_id)
        .where(
            jobs.c.owner_id == owner.id,
            jobs.c.state == JobState.COMPLETE.value,
            jobs.c.expired.is_(False),
            user_submitted,
            analytics.c.name == analytic,
        )
        .order_by(jobs.c.completion_date.desc(), jobs.c.id)
    )
    wanted = None if data_ids is None else {*data_ids}
    chosen: dict[str, str] = {}
    for row in connection.execute(statement):
        video = video_of(row.request, row.document)
        if video is not None and (wanted is None or video in wanted):
            chosen.setdefault(video, row.id)
    return [*chosen.values()][::-1]


def _job(job_id: str, data_id: str | None, names: dict[str, str], job_name: str, *, with_videos: bool) -> DatasetJob:
    if with_videos and data_id is None:
        raise BadRequest(f"Job '{job_id}' has no video among its inputs. Leave it out, or set 'images' to false.")
    if with_videos and data_id not in names:
        raise NotFound(
            f"The video of job '{job_id}' was deleted or has expired. Leave the job out, or set 'images' to false."
        )
    name = names.get(data_id or "", job_name)
    return DatasetJob(job_id, data_id if with_videos else None, data_id or job_id, name)


def _names(connection: Connection, owner: User, data_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    for some in _pieces(sorted(data_ids)):
        chosen = select(data.c.id, data.c.name).where(data.c.id.in_(some), data.c.owner_id == owner.id)
        for row in connection.execute(chosen):
            yield row.id, row.name


def _pieces(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield ``ids`` in pieces that fit into one statement."""
    for start in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[start : start + _IDS_AT_ONCE]
