"""Pairs of a job and a review: on each reviewed video, the newest job of each version of the analytic."""

from dataclasses import dataclass

from sqlalchemy import Connection, Select, select

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.types import DatabaseRow
from voxel51.server.jobs.label_jobs import video_of
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.server.reviews.service import record_of, selected_reviews
from voxel51.server.reviews.tables import reviews
from voxel51.wire.jobs import JobState
from voxel51.wire.reviews import ReviewRecord

MAX_VIDEOS = 500
"""Number of reviewed videos that are evaluated: those that were reviewed last."""


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """Job whose labels are evaluated, and the review that has the ground truth."""

    job_id: str
    job_name: str
    analytic_version: str
    review: ReviewRecord


def scored_pairs(connection: Connection, owner: User, analytic: str) -> list[ScoredPair]:
    """Return the pairs of an analytic, those with the newest reviews first.

    The truth of a video is the newest review of any job of the analytic on it.
    """
    request = (jobs.c.request, analytics.c.document)
    of_analytic = (jobs.c.owner_id == owner.id, analytics.c.name == analytic, jobs.c.expired.is_(False), user_submitted)
    reviewed = selected_reviews(reviews.c.owner_id == owner.id, *of_analytic).add_columns(*request)
    truths: dict[str, ReviewRecord] = {}
    for row in connection.execute(reviewed.order_by(reviews.c.created_at.desc(), reviews.c.version.desc())):
        truths.setdefault(_video(row, row.job_id), record_of(row))
    chosen = dict([*truths.items()][:MAX_VIDEOS])
    if not chosen:
        return []
    newest: dict[tuple[str, str], ScoredPair] = {}
    complete: Select[*tuple[object, ...]] = (
        select(jobs.c.id, jobs.c.name, analytics.c.version, *request)
        .join(analytics, analytics.c.id == jobs.c.analytic_id)
        .where(*of_analytic, jobs.c.state == JobState.COMPLETE.value)
    )
    for row in connection.execute(complete.order_by(jobs.c.completion_date.desc(), jobs.c.id)):
        video = _video(row, row.id)
        if video in chosen:
            newest.setdefault((video, row.version), ScoredPair(row.id, row.name, row.version, chosen[video]))
    order = {video: position for position, video in enumerate(chosen)}
    return [newest[key] for key in sorted(newest, key=lambda key: (order[key[0]], key[1]))]


def _video(row: DatabaseRow, job_id: str) -> str:
    """Return what is equal for jobs on the same video: the id of the data, or of the job if it had none."""
    return video_of(row.request, row.document) or job_id
