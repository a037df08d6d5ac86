"""Splits: record that a job is to run as parts of its video, and describe its parts to its owner.

What plans, runs and merges them is `voxel51.server.split_jobs`.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select

from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.label_jobs import video_of
from voxel51.server.jobs.split_tables import PartState, SplitPhase, job_parts, split_jobs
from voxel51.server.jobs.status import progress_of
from voxel51.server.jobs.status_messages import last_message
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.jobs import JobPart, JobRequestDocument, JobSplit, JobState, SplitOptions

_STATES_SHOWN = {state.value: state.name for state in PartState}

_PARTS = (
    select(job_parts, jobs.c.state, jobs.c.start_date, jobs.c.completion_date, jobs.c.fail_date)
    .add_columns(jobs.c.status_text, jobs.c.failure_message)
    .outerjoin(jobs, jobs.c.id == job_parts.c.job_id)
)


def check_can_split(request: JobRequestDocument, document: AnalyticDocument) -> None:
    """Check that a job can be split, if its request asks for that.

    Raises:
        BadRequest: the analytic does not declare how, or the job has no video.
    """
    if "split" not in request:
        return
    name = document["info"]["name"]
    if not document.get("extensions", {}).get("split"):
        raise BadRequest(f"Analytic '{name}' declares no splitting, so its jobs run as a whole. Leave out 'split'.")
    if video_of(request, document) is None:
        raise BadRequest(f"A job of analytic '{name}' without a video cannot be split. Leave out 'split'.")


def record_split(connection: Connection, job_id: str, options: SplitOptions) -> None:
    """Record that a new job is to be split, in the transaction that records the job."""
    row = {"job_id": job_id, "phase": SplitPhase.PLAN.value, "most_parts": options["parts"]}
    connection.execute(insert(split_jobs).values(row))


def splits_of(connection: Connection, job_ids: Sequence[str]) -> dict[str, JobSplit]:
    """Return the division of those of these jobs that are split or were to be split, by job id."""
    chosen = select(split_jobs).where(split_jobs.c.job_id.in_(job_ids))
    rows = {row.job_id: row for row in connection.execute(chosen)}
    splits: dict[str, JobSplit] = {job_id: {"reason": row.reason, "parts": []} for job_id, row in rows.items()}
    if splits:
        of_jobs = _PARTS.where(job_parts.c.parent_id.in_([*splits])).order_by(job_parts.c.number)
        for row in connection.execute(of_jobs):
            # A part that a later try has taken over was complete; one whose row is missing otherwise is made again.
            otherwise = JobState.COMPLETE if rows[row.parent_id].phase == SplitPhase.ENDED else JobState.QUEUED
            splits[row.parent_id]["parts"].append(_part(row, row.state or otherwise.value))
    return splits


def _part(row: DatabaseRow, state: str) -> JobPart:
    ended = row.completion_date or row.fail_date
    failed = state == JobState.FAILED
    return {
        "number": row.number,
        "first_frame": row.first_frame,
        "last_frame": row.last_frame,
        "state": _STATES_SHOWN.get(state, state),
        "progress": progress_of(row.status_text),
        "start_date": None if row.start_date is None else dates.to_text(row.start_date),
        "end_date": None if ended is None else dates.to_text(ended),
        "failure_message": (row.failure_message or last_message(row.status_text)) if failed else None,
    }
