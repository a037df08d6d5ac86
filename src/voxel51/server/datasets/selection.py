"""Selection of the jobs of a dataset: by their ids, or the newest of an analytic on each video."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import analytics
from voxel51.server.data.tables import data
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.types import DatabaseRecord
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.label_jobs import produces_labels, video_of
from voxel51.server.jobs.newest_results import newest_results
from voxel51.server.jobs.outputs import checked_output, job_not_found, jobs_with_files
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.wire.datasets import MAX_DATASET_JOBS, DatasetRequest


@dataclass(frozen=True, slots=True)
class DatasetJob:
    """Job of a dataset. ``data_id`` is None if its video is not needed; ``video_key`` is equal for the same video."""

    job_id: str
    data_id: str | None
    video_key: str
    video_name: str


def check_choice(request: DatasetRequest) -> None:
    """Raise `BadRequest` unless a request names its jobs in exactly one way."""
    if sum(name in request for name in ("jobs", "analytic", "batch")) != 1:
        raise BadRequest("Exactly one of 'jobs', 'analytic' and 'batch' is required")
    needed = {"data": "analytic", "collection": "analytic", "search": "analytic", "parameter_set": "batch"}
    for name, other in needed.items():
        if name in request and other not in request:
            raise BadRequest(f"'{name}' is only allowed with '{other}'")
    if sum(name in request for name in ("data", "collection", "search")) > 1:
        raise BadRequest("Name the videos by one of 'data', 'collection' and 'search', not by several")


def select_jobs(connection: Connection, owner: User, job_ids: Sequence[str], *, with_videos: bool) -> list[DatasetJob]:
    """Return the jobs with these ids, in their order, without repetition.

    Raises:
        NotFound: the owner has no such job, or its video was deleted and is needed.
        BadRequest: there are too many jobs, or a job has no labels of a video, or none yet.
    """
    ids = [*dict.fromkeys(job_ids)]
    if not ids:
        raise BadRequest("A dataset needs at least one job. Name 'jobs', or what has completed jobs.")
    _check_count(len(ids))
    columns = analytics.c.document.label("analytic_document")
    found: dict[str, DatabaseRecord] = {}
    for some in in_chunks(ids):
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

    Raises:
        BadRequest: there are too many videos.
    """
    found = newest_results(connection, owner, data_ids, analytic, limit=MAX_DATASET_JOBS + 1, check_count=_check_count)
    with_video = (row for row in found if video_of(row["request"], row["document"]) is not None)
    return [row["id"] for row in with_video][::-1]


def _check_count(count: int) -> None:
    """Raise `BadRequest` if a dataset of ``count`` jobs is too large."""
    if count > MAX_DATASET_JOBS:
        raise BadRequest(
            f"A dataset has at most {MAX_DATASET_JOBS} jobs, and this would have more. Make several datasets."
        )


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
    for some in in_chunks(sorted(data_ids)):
        chosen = select(data.c.id, data.c.name).where(data.c.id.in_(some), data.c.owner_id == owner.id)
        for row in connection.execute(chosen):
            yield row.id, row.name
