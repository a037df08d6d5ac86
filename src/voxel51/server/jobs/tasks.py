"""Tasks: the task description of an attempt, and the signed links by which the attempt reads and writes files."""

from collections.abc import Callable, Sequence
from urllib.parse import quote

from sqlalchemy import RowMapping, bindparam, func, select

from voxel51.server.analytics.tables import AnalyticRow, analytics
from voxel51.server.data.service import DataService
from voxel51.server.data.sources import SourceService
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.downloads import Download, Links, ProxiedDownload
from voxel51.server.errors import NotFound
from voxel51.server.jobs.attempts import Attempt
from voxel51.server.jobs.outputs import output_of
from voxel51.server.jobs.requests import files_of
from voxel51.server.jobs.split_tables import SplitPhase, job_parts, split_jobs
from voxel51.server.jobs.tables import checkpoints, jobs, partial_parts
from voxel51.server.secrets.service import SecretService
from voxel51.wire.activity import INTERVAL_SECONDS
from voxel51.wire.checkpoints import CheckpointState
from voxel51.wire.hidden_secrets import hide_in_part, hideable
from voxel51.wire.jobs import JobRequestDocument
from voxel51.wire.tasks import MergeDescription, PartDescription, SignedUrlReference, TaskDescription

ReviewLabels = Callable[[str, str], Download]
"""Returns the labels of a review, by the ids of its owner and of the review; raises NotFound."""

_UPLOADS = ("status", "log", "output", "spans")


_LAST_PART = select(func.max(partial_parts.c.number)).where(partial_parts.c.job_id == jobs.c.id).scalar_subquery()

# To build a statement takes longer than the database needs for it, and every job reads both.
_parent = jobs.alias("parent")
_JOB = (
    select(jobs.c.request, jobs.c.output_filename, analytics.c.version, func.coalesce(_LAST_PART, 0).label("parts"))
    .add_columns(checkpoints.c.sha256, checkpoints.c.parts.label("saved_parts"))
    .add_columns(job_parts.c.parent_id, job_parts.c.number, _parent.c.request.label("parent_request"))
    .add_columns(split_jobs.c.phase)
    .join(analytics, analytics.c.id == jobs.c.analytic_id)
    .outerjoin(checkpoints, checkpoints.c.job_id == jobs.c.id)
    .outerjoin(job_parts, job_parts.c.job_id == jobs.c.id)
    .outerjoin(_parent, _parent.c.id == job_parts.c.parent_id)
    .outerjoin(split_jobs, split_jobs.c.job_id == jobs.c.id)
    .where(jobs.c.id == bindparam("job_id"))
)
_PARTS = (
    select(job_parts, split_jobs.c.frame_total)
    .join(split_jobs, split_jobs.c.job_id == job_parts.c.parent_id)
    .where(job_parts.c.parent_id == bindparam("job_id"))
    .order_by(job_parts.c.number)
)
_ANALYTIC = select(analytics).join(jobs, jobs.c.analytic_id == analytics.c.id).where(jobs.c.id == bindparam("job_id"))


class TaskService:
    """Task descriptions and links of attempts.

    ``links`` signs links that are reachable from where jobs run. Checkpoints have at most ``checkpoint_bytes``.
    ``review_labels`` finds the labels of reviews, which internal jobs read.
    """

    def __init__(
        self,
        database: Database,
        data: DataService,
        sources: SourceService,
        secrets: SecretService,
        links: Links,
        checkpoint_bytes: int,
        review_labels: ReviewLabels,
    ) -> None:
        self._database = database
        self._data = data
        self._sources = sources
        self._secrets = secrets
        self._links = links
        self._checkpoint_bytes = checkpoint_bytes
        self._review_labels = review_labels

    def describe(self, attempt: Attempt) -> TaskDescription:
        """Return the task description."""
        job = self._job(attempt)
        request = _request_of(job)
        files = files_of(request)
        parameters = {
            name: self._input(attempt, "parameters", name) if name in files["parameters"] else value
            for name, value in request["parameters"].items()
        }
        description: TaskDescription = {
            "analytic": request["analytic"],
            "version": job["version"],
            "job_id": attempt.job_id,
            "inputs": {name: self._input(attempt, "inputs", name) for name in files["inputs"]},
            "parameters": parameters,
            "status": self.upload_link(attempt, "status"),
            "logfile": self.upload_link(attempt, "log"),
            "output": self.upload_link(attempt, "output") if job["output_filename"] else None,
            "spans": self.upload_link(attempt, "spans"),
            "partial": {"parts": job["parts"]},
            "checkpoint": self._checkpoint(job),
            "activity": {"interval_seconds": INTERVAL_SECONDS},
        }
        if job["parent_id"] is not None:
            description["part"] = self._parts(job["parent_id"])[job["number"] - 1]
        elif job["phase"] == SplitPhase.MERGE:
            description["merge"] = self._merge(attempt)
        return description

    def begin(self, attempt: Attempt) -> TaskDescription:
        """Return the task description with the secrets that the analytic may use.

        The link to the description does not return them, because a link needs no credential.
        """
        secrets = self._secrets.of_job(attempt.owner_id, self._analytic(attempt))
        return {**self.describe(attempt), "secrets": {**secrets}} if secrets else self.describe(attempt)

    def without_secrets(self, job_id: str, owner_id: str, log: bytes) -> bytes:
        """Return the end of the log of a job that did not send one, without the secrets that it was given.

        A process that is killed, and a container image, cannot hide them.
        """
        return hide_in_part(log, self.hidden_values(job_id, owner_id)) if log else log

    def hidden_values(self, job_id: str, owner_id: str) -> Sequence[bytes]:
        """Return the secrets that a job was given, as far as they are hidden in its log."""
        with self._database.read() as connection:
            analytic = connection.execute(_ANALYTIC, {"job_id": job_id}).one_or_none()
        return [] if analytic is None else hideable(self._secrets.of_job(owner_id, analytic).values())

    def input_links(self, attempt: Attempt) -> dict[str, SignedUrlReference]:
        """Return a new link to each input; to the output of a part that is merged, by the name ``part <number>``.

        Those in the task description may have expired.
        """
        job = self._job(attempt)
        links = {name: self._input(attempt, "inputs", name) for name in files_of(_request_of(job))["inputs"]}
        parts = self._merge(attempt)["parts"] if job["phase"] == SplitPhase.MERGE else []
        return links | {f"part {part['number']}": part["output"] for part in parts}

    def upload_link(self, attempt: Attempt, what: str) -> SignedUrlReference:
        """Return a new link to which the attempt PUTs its ``status``, ``log``, ``output`` or ``spans``.

        Raises:
            NotFound: ``what`` is another word.
        """
        if what not in _UPLOADS:
            raise NotFound(f"No link to '{what}'; there are links to data, {', '.join(_UPLOADS)}")
        return {"signed-url": self._links("PUT", f"/links/attempts/{attempt.id}/{what}")}

    def description_url(self, attempt_id: str) -> str:
        """Return the link to the task description."""
        return self._links("GET", f"/links/attempts/{attempt_id}/task")

    def log_url(self, attempt_id: str) -> str:
        """Return the link to which the attempt PUTs its log."""
        return self._links("PUT", f"/links/attempts/{attempt_id}/log")

    def file(self, attempt: Attempt, part: str, name: str) -> Download | ProxiedDownload:
        """Return the content of an input or of a parameter that names data.

        Raises:
            NotFound: the request names no such file, or the file was deleted or has expired since.
        """
        reference = files_of(_request_of(self._job(attempt))).get(part, {}).get(name)
        if reference is None:
            raise NotFound(f"The job has no file '{name}' among its {part}")
        if reference.data_id is not None:
            return self._sources.content_of(self._data.find(attempt.owner_id, reference.data_id))
        if reference.review_id is not None:
            return self._review_labels(attempt.owner_id, str(reference.review_id))
        with self._database.read() as connection:
            return output_of(connection, attempt.owner_id, str(reference.job_id))

    def part_output(self, attempt: Attempt, number: str) -> Download:
        """Return the output of a part of the job, for the attempt that merges the parts.

        Raises:
            NotFound: the job has no such part, or the output of the part is gone.
        """
        with self._database.read() as connection:
            parts = connection.execute(_PARTS, {"job_id": attempt.job_id})
            job_id = next((part.job_id for part in parts if str(part.number) == number), None)
            if job_id is None:
                raise NotFound(f"The job has no part '{number:.20}' with an output")
            return output_of(connection, attempt.owner_id, job_id)

    def _parts(self, job_id: str) -> list[PartDescription]:
        with self._database.read() as connection:
            rows = connection.execute(_PARTS, {"job_id": job_id}).all()
        return [_part_of(row, len(rows)) for row in rows]

    def _merge(self, attempt: Attempt) -> MergeDescription:
        parts = self._parts(attempt.job_id)
        return {"parts": [{**part, "output": self._input(attempt, "parts", str(part["number"]))} for part in parts]}

    def _input(self, attempt: Attempt, part: str, name: str) -> SignedUrlReference:
        return {"signed-url": self._links("GET", f"/links/attempts/{attempt.id}/{part}/{quote(name, safe='')}")}

    def _checkpoint(self, job: RowMapping) -> CheckpointState:
        state: CheckpointState = {"limit_bytes": self._checkpoint_bytes}
        if job["sha256"] is not None:
            state["saved"] = {"sha256": job["sha256"], "parts": job["saved_parts"]}
        return state

    def _analytic(self, attempt: Attempt) -> AnalyticRow:
        with self._database.read() as connection:
            return connection.execute(_ANALYTIC, {"job_id": attempt.job_id}).one()

    def _job(self, attempt: Attempt) -> RowMapping:
        with self._database.read() as connection:
            return connection.execute(_JOB, {"job_id": attempt.job_id}).mappings().one()


def _request_of(job: RowMapping) -> JobRequestDocument:
    """Return the request of a job; that of the split job for one of its parts."""
    request: JobRequestDocument = job["request"] if job["parent_id"] is None else job["parent_request"]
    return request


def _part_of(row: DatabaseRow, count: int) -> PartDescription:
    part: PartDescription = {
        "number": row.number,
        "count": count,
        "first_frame": row.first_frame,
        "last_frame": row.last_frame,
    }
    return part if row.frame_total is None else {**part, "frame_count": row.frame_total}
