"""SQL over labels: have the labels of a user's jobs converted to Parquet, and run a query over them in an internal job.

The Parquet files are renditions of the jobs, so each is made once, kept while it is used, and deleted with its job. The
query is a rendition too: it runs isolated and limited as a job, and asking again returns the same result.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, select

from voxel51.server.accounts.callers import User
from voxel51.server.data.tables import data, data_metadata
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.database import Database
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, Lost, NotFound
from voxel51.server.jobs.label_jobs import produces_labels, video_of
from voxel51.server.jobs.newest_results import complete_jobs
from voxel51.server.jobs.tables import jobs
from voxel51.server.renditions.service import RenditionService, variant_of
from voxel51.server.renditions.sources import RenditionSource, SqlSource
from voxel51.server.renditions.specs import JOB_RENDITIONS, PARQUET, SQL_RENDITION, RenditionSpec
from voxel51.server.renditions.tables import renditions
from voxel51.wire import dates
from voxel51.wire.jobs import JOB_ID_FIELD, JobState
from voxel51.wire.renditions import PendingRendition

MAX_SQL_JOBS = 500
"""Jobs whose labels one query reads: the newest. Others are in the table ``jobs``, without labels."""

_MAX_LISTED_JOBS = 10_000
_ENDED = (JobState.COMPLETE.value, JobState.FAILED.value)

CAPTURED_AT = "captured-at"
"""Key of metadata of data: when the video was captured, in ISO 8601."""


def selected_videos(*conditions: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    """Select the videos that a query reads, with the ``captured_at`` that their owner has set."""
    columns = (data.c.id, data.c.name, data.c.size_bytes, data.c.upload_date, data.c.width, data.c.height)
    captured = and_(data_metadata.c.data_id == data.c.id, data_metadata.c.key == CAPTURED_AT)
    joined = select(*columns, data_metadata.c.value.label("captured_at")).outerjoin(data_metadata, captured)
    return joined.where(*conditions)


def time_of_day(captured_at: str | None) -> str | None:
    """Return a date with its time as it was written, without its time zone; None if it has no time.

    So the hours of a day are those of the place of the camera.
    """
    if captured_at is None or not {"T", " "} & {*captured_at}:  # a date alone would be read as midnight
        return None
    try:
        return datetime.fromisoformat(captured_at).replace(tzinfo=None).isoformat()
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Parquet:
    """State of the Parquet file of a job's labels, the internal job that makes it, and when it was used."""

    internal_job_id: str
    state: str
    used_at: datetime


class LabelSqlService:
    """Queries over the labels of one user's jobs.

    ``max_renditions`` is the number of renditions that are kept for one owner. Queries leave half of them to others:
    with more, each new Parquet file would replace one that the same query needs.
    """

    def __init__(self, database: Database, made: RenditionService, max_renditions: int) -> None:
        self._database = database
        self._renditions = made
        self.most_jobs = max(1, min(MAX_SQL_JOBS, max_renditions // 2))

    def begin(self, owner: User, given: Mapping[str, str]) -> "LabelQuery":
        """Have the labels of the owner's jobs converted for the query ``given["sql"]`` in ``given["format"]``.

        Raises:
            BadRequest: an argument is invalid.
        """
        rows, videos = self._jobs(owner), self._videos(owner)
        return self.over(owner, given, rows, videos)

    def over(
        self,
        owner: User,
        given: Mapping[str, str],
        rows: Sequence[RowMapping],
        videos: Sequence[RowMapping],
        spec: RenditionSpec = SQL_RENDITION,
    ) -> "LabelQuery":
        """Have the labels of some of the owner's jobs converted for a query, as `begin` does for all of them.

        Args:
            owner: whose jobs and videos these are.
            given: ``sql`` and ``format``, and what else ``spec`` takes.
            rows: jobs, in the columns of `RESULT_COLUMNS`. The labels of the first `most_jobs` are read.
            videos: videos, in the columns of `selected_videos`.
            spec: `SQL_RENDITION`, or that of a chart.

        Raises:
            BadRequest: an argument is invalid.
        """
        arguments = spec.read(given)
        chosen = [row["id"] for row in rows if produces_labels(row["document"])][: self.most_jobs]
        files = self._parquet_files(chosen)
        for job_id in chosen:
            if job_id not in files:
                self._convert(owner, job_id)
        self._renditions.record_use({each.internal_job_id: each.used_at for each in files.values()})
        conversions = [each.internal_job_id for each in self._parquet_files(chosen).values()]

        def source() -> SqlSource:
            known = self._parquet_files(chosen)
            loaded = {job_id: each for job_id, each in known.items() if each.state == JobState.COMPLETE}
            return _source(owner, rows, videos, loaded)

        query = {name: str(value) for name, value in arguments.items() if name != "labels"}
        return LabelQuery(self._database, self._renditions, owner, spec, query, conversions, source)

    def _convert(self, owner: User, job_id: str) -> None:
        try:
            self._renditions.get(owner, RenditionSource(None, job_id), JOB_RENDITIONS["labels"], PARQUET)
        except (BadRequest, NotFound, Lost):  # deleted or expired just now, or damaged: the job has no labels then
            return

    def _jobs(self, owner: User) -> Sequence[RowMapping]:
        statement = complete_jobs(owner).order_by(jobs.c.completion_date.desc(), jobs.c.id).limit(_MAX_LISTED_JOBS)
        with self._database.read() as connection:
            return connection.execute(statement).mappings().all()

    def _videos(self, owner: User) -> Sequence[RowMapping]:
        statement = (
            selected_videos(data.c.owner_id == owner.id, data.c.media_type.like("video/%"))
            .order_by(data.c.upload_date.desc(), data.c.id)
            .limit(_MAX_LISTED_JOBS)
        )
        with self._database.read() as connection:
            return connection.execute(statement).mappings().all()

    def _parquet_files(self, job_ids: Sequence[str]) -> dict[str, _Parquet]:
        statement = select(renditions.c.job_id, renditions.c.internal_job_id, jobs.c.state, renditions.c.used_at)
        statement = statement.join(jobs, jobs.c.id == renditions.c.internal_job_id).where(
            renditions.c.kind == JOB_RENDITIONS["labels"].name, renditions.c.variant == variant_of(PARQUET)
        )
        found: dict[str, _Parquet] = {}
        with self._database.read() as connection:
            for chunk in in_chunks(job_ids):
                rows = connection.execute(statement.where(renditions.c.job_id.in_(chunk)))
                found |= {row.job_id: _Parquet(row.internal_job_id, row.state, row.used_at) for row in rows}
        return found


class LabelQuery:
    """One request for the result of a query. What it reads was chosen at its beginning; waiting only reads states.

    Args:
        spec: what the query makes: rows or a chart.
        query: arguments of the query.
        conversions: internal jobs that make the Parquet files.
        source: function that returns the inputs of the query, once these have ended.
    """

    def __init__(
        self,
        database: Database,
        made: RenditionService,
        owner: User,
        spec: RenditionSpec,
        query: Mapping[str, str],
        conversions: Sequence[str],
        source: Callable[[], SqlSource],
    ) -> None:
        self._database = database
        self._renditions = made
        self._owner = owner
        self._spec = spec
        self._query = query
        self._conversions = conversions
        self._make_source = source
        self._source: SqlSource | None = None
        self._arguments: Mapping[str, str] = {}

    def result(self) -> Download | PendingRendition:
        """Return the result, or its progress while it is made.

        Raises:
            BadRequest: the query is wrong, not read-only, or exceeds a limit; the text says why.
            NotFound: the query was cancelled while the request waited for it.
            Unavailable: the platform failed to run it.
        """
        is_awaited = self._source is not None
        if self._source is None:
            if left := self._unfinished():
                return self._converting(len(self._conversions) - left)
            self._source = self._make_source()
            content = json.dumps([self._source.inputs, self._source.parameters])
            self._arguments = {**self._query, "labels": hashlib.sha256(content.encode()).hexdigest()}
        source = RenditionSource(None, None, sql=self._source)
        return self._renditions.get(self._owner, source, self._spec, self._arguments, is_awaited=is_awaited)

    def _converting(self, done: int) -> PendingRendition:
        total = len(self._conversions)
        return {
            "rendition": self._spec.name,
            "state": JobState.QUEUED.value,
            "fraction": done / total,
            "conversions": {"done": done, "total": total},
        }

    def _unfinished(self) -> int:
        """Return how many conversions have not ended. Deleted ones have."""
        count = 0
        with self._database.read() as connection:
            for chunk in in_chunks(self._conversions):
                open_jobs = select(func.count()).where(jobs.c.id.in_(chunk), jobs.c.state.not_in(_ENDED))
                count += connection.execute(open_jobs).scalar_one()
        return count


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
            "captured_at": time_of_day(row["captured_at"]),
            "width": row["width"],
            "height": row["height"],
        }
        for row in videos
    ]
    names = {job_id: f"labels-{position}" for position, job_id in enumerate(loaded)}
    inputs = {names[job_id]: {JOB_ID_FIELD: each.internal_job_id} for job_id, each in loaded.items()}
    return SqlSource(owner.id, inputs, {"tables": {"videos": of_videos, "jobs": of_jobs, "files": names}})
