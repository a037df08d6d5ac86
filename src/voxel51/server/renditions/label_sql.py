"""SQL over labels: have the labels of a user's jobs converted to Parquet, and run a query over them in an internal job.

The Parquet files are renditions of the jobs, so each is made once, kept while it is used, and deleted with its job. The
query is a rendition too: it runs isolated and limited as a job, and asking again returns the same result.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import analytics
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.label_jobs import produces_labels, video_of
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.server.renditions.service import RenditionService, variant_of
from voxel51.server.renditions.sources import RenditionSource, SqlSource
from voxel51.server.renditions.specs import JOB_RENDITIONS, SQL_RENDITION
from voxel51.server.renditions.tables import renditions
from voxel51.wire import dates
from voxel51.wire.jobs import JOB_ID_FIELD, JobState
from voxel51.wire.renditions import PendingRendition

MAX_SQL_JOBS = 500
"""Jobs whose labels one query reads: the newest. Others are in the table ``jobs``, without labels."""

_MAX_LISTED_JOBS = 10_000
_IDS_AT_ONCE = 500
_PARQUET = {"format": "parquet"}


@dataclass(frozen=True, slots=True)
class _Parquet:
    """State of the Parquet file of a job's labels, and the internal job that makes it."""

    internal_job_id: str
    state: str


class LabelSqlService:
    """Queries over the labels of one user's jobs."""

    def __init__(self, database: Database, made: RenditionService) -> None:
        self._database = database
        self._renditions = made

    def run(self, owner: User, given: Mapping[str, str]) -> Download | PendingRendition:
        """Return the result of the query ``given["sql"]`` in the format ``given["format"]``, or its progress.

        Raises:
            BadRequest: the query is wrong, not read-only, or exceeds a limit; the text says why.
            Unavailable: the platform failed to run it.
        """
        arguments = SQL_RENDITION.read(given)
        rows, videos = self._jobs(owner), self._videos(owner)
        chosen = [row for row in rows if produces_labels(row["document"])][:MAX_SQL_JOBS]
        files = self._parquet_files([row["id"] for row in chosen])
        for row in chosen:
            if row["id"] not in files:
                self._convert(owner, row["id"])
        known = self._parquet_files([row["id"] for row in chosen])
        ended = [each for each in known.values() if each.state in {JobState.COMPLETE, JobState.FAILED}]
        if len(ended) < len(known):
            return {"rendition": SQL_RENDITION.name, "state": "QUEUED", "fraction": len(ended) / len(known)}
        loaded = {job_id: each for job_id, each in known.items() if each.state == JobState.COMPLETE}
        source = _source(owner, rows, videos, loaded)
        digest = hashlib.sha256(json.dumps([source.inputs, source.parameters]).encode()).hexdigest()
        query = {"sql": str(arguments["sql"]), "format": str(arguments["format"]), "labels": digest}
        return self._renditions.get(owner, RenditionSource(None, None, sql=source), SQL_RENDITION, query)

    def _convert(self, owner: User, job_id: str) -> None:
        try:
            self._renditions.get(owner, RenditionSource(None, job_id), JOB_RENDITIONS["labels"], _PARQUET)
        except BadRequest:  # the output expired just now, or cannot be converted: the job has no labels then
            return

    def _jobs(self, owner: User) -> Sequence[RowMapping]:
        columns = (jobs.c.id, jobs.c.name, jobs.c.request, jobs.c.completion_date, jobs.c.frame_count,
                   jobs.c.duration_seconds, analytics.c.document, analytics.c.name.label("analytic"),
                   analytics.c.version)  # fmt: skip
        statement = (
            select(*columns)
            .join(analytics, analytics.c.id == jobs.c.analytic_id)
            .where(
                jobs.c.owner_id == owner.id,
                jobs.c.state == JobState.COMPLETE.value,
                jobs.c.expired.is_(False),
                user_submitted,
            )
            .order_by(jobs.c.completion_date.desc(), jobs.c.id)
            .limit(_MAX_LISTED_JOBS)
        )
        with self._database.read() as connection:
            return connection.execute(statement).mappings().all()

    def _videos(self, owner: User) -> Sequence[RowMapping]:
        statement = (
            select(data.c.id, data.c.name, data.c.size_bytes, data.c.upload_date)
            .where(data.c.owner_id == owner.id, data.c.media_type.like("video/%"))
            .order_by(data.c.upload_date.desc(), data.c.id)
            .limit(_MAX_LISTED_JOBS)
        )
        with self._database.read() as connection:
            return connection.execute(statement).mappings().all()

    def _parquet_files(self, job_ids: Sequence[str]) -> dict[str, _Parquet]:
        statement = select(renditions.c.job_id, renditions.c.internal_job_id, jobs.c.state)
        statement = statement.join(jobs, jobs.c.id == renditions.c.internal_job_id).where(
            renditions.c.kind == JOB_RENDITIONS["labels"].name, renditions.c.variant == variant_of(_PARQUET)
        )
        found: dict[str, _Parquet] = {}
        with self._database.read() as connection:
            for start in range(0, len(job_ids), _IDS_AT_ONCE):
                some = renditions.c.job_id.in_(job_ids[start : start + _IDS_AT_ONCE])
                rows = connection.execute(statement.where(some))
                found |= {row.job_id: _Parquet(row.internal_job_id, row.state) for row in rows}
        return found


def _source(
    owner: User, rows: Sequence[RowMapping], videos: Sequence[RowMapping], loaded: Mapping[str, _Parquet]
) -> SqlSource:
    """Return the inputs and parameters of the job that runs a query."""
    of_jobs = [
        {
            "job_id": row["id"],
            "video_id": video_of(row["request"], row["document"]),
            "name": row["name"],
            "analytic": row["analytic"],
            "version": row["version"],
            "completion_date": dates.to_text(row["completion_date"]),
            "frame_count": row["frame_count"],
            "duration_seconds": row["duration_seconds"],
            "has_labels": row["id"] in loaded,
        }
        for row in rows
    ]
    of_videos = [
        {
            "video_id": row["id"],
            "name": row["name"],
            "size_bytes": row["size_bytes"],
            "upload_date": dates.to_text(row["upload_date"]),
        }
        for row in videos
    ]
    names = {job_id: f"labels-{position}" for position, job_id in enumerate(loaded)}
    inputs = {names[job_id]: {JOB_ID_FIELD: each.internal_job_id} for job_id, each in loaded.items()}
    return SqlSource(owner.id, inputs, {"tables": {"videos": of_videos, "jobs": of_jobs, "files": names}})
