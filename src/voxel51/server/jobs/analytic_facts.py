"""Analytic facts: model, measured cost, and the caller's latest result, which help to choose an analytic.

The cost is measured on the last `MEASURED_JOBS` complete jobs of an analytic, so that one request reads a bounded
number of rows however many jobs there are. It is the sum of their run times over the sum of the media that they
analysed: long videos count more than short ones, in which the start of a job weighs more than its work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from voxel51.server.accounts.callers import Caller, User
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.split_tables import split_jobs
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.server.outcomes import Outcomes
from voxel51.wire.analytics import AnalyticDocument, AnalyticFacts, LatestResult, RunCost

MEASURED_JOBS = 20
MAX_ANALYTICS = 100
"""Analytics in one request."""

_SECONDS_PER_MINUTE = 60
_RANGE = {"start_seconds", "end_seconds"}


@dataclass(frozen=True, slots=True)
class CompleteJob:
    """Complete job of an analytic.

    Attributes:
        duration_seconds: duration of the media that it analysed; None if it reported none.
        frame_count: number of frames that it analysed, likewise.
        expired: whether its output was deleted.
    """

    id: str
    owner_id: str
    start_date: datetime
    completion_date: datetime
    duration_seconds: float | None
    frame_count: int | None
    expired: bool


_COLUMNS = tuple(jobs.c[name] for name in CompleteJob.__dataclass_fields__)


class AnalyticFactsService:
    """Facts about the analytics that a caller can see."""

    def __init__(self, database: Database, analytics: AnalyticService) -> None:
        self._database = database
        self._analytics = analytics

    def facts(self, caller: Caller, analytic_ids: Sequence[str]) -> Outcomes[AnalyticFacts]:
        """Return the facts of each version, or `NotFound` for those that the caller cannot see.

        Raises:
            BadRequest: more than `MAX_ANALYTICS` are requested.
        """
        if len(analytic_ids) > MAX_ANALYTICS:
            raise BadRequest(
                f"facts of {len(analytic_ids)} analytics requested; request at most {MAX_ANALYTICS} at once"
            )
        with self._database.read() as connection:

            def make(row: AnalyticRow) -> AnalyticFacts:
                return self._facts_of(connection, caller, row)

            return self._analytics.each_visible(connection, caller, analytic_ids, make)

    def _facts_of(self, connection: Connection, caller: Caller, row: AnalyticRow) -> AnalyticFacts:
        complete = _newest_complete(connection, row.id)
        return {
            "model": self._analytics.model(row),
            "cost": cost_of(complete),
            "latest_result": _latest_result(complete, caller),
            "can_try": can_try(row.document),
        }


def measured_cost(connection: Connection, analytic_id: str) -> RunCost | None:
    """Return the cost of an analytic as its last jobs measured it; None if that is unknown."""
    return cost_of(_newest_complete(connection, analytic_id))


def _newest_complete(connection: Connection, analytic_id: str) -> list[CompleteJob]:
    is_split = select(split_jobs.c.job_id).where(split_jobs.c.job_id == jobs.c.id).exists()  # takes less time
    ran = jobs.c.completion_date.is_not(None) & jobs.c.reused.is_(None)
    of_analytic = (jobs.c.analytic_id == analytic_id, ran, user_submitted, ~is_split)
    newest = select(*_COLUMNS).where(*of_analytic).order_by(jobs.c.completion_date.desc()).limit(MEASURED_JOBS)
    return [CompleteJob(*found) for found in connection.execute(newest)]


def cost_of(complete: Sequence[CompleteJob]) -> RunCost | None:
    """Return the cost as these jobs measured it; None if none of them reported how much media it analysed."""
    measured = [job for job in complete if job.duration_seconds]
    if not measured:
        return None
    run_seconds = sum((job.completion_date - job.start_date).total_seconds() for job in measured)
    media_seconds = sum(job.duration_seconds or 0.0 for job in measured)
    per_minute = run_seconds / media_seconds * _SECONDS_PER_MINUTE
    return {"seconds_per_minute": round(per_minute, 3), "jobs": len(measured)}


def can_try(document: AnalyticDocument) -> bool:
    """Return whether a job needs one video and nothing else, and its parameters can select a part of the video."""
    required = [each for each in document["inputs"] if each["required"]]
    parameters = document["parameters"]
    is_complete = all(not each["required"] or "default" in each for each in parameters)
    return len(required) == 1 and is_complete and {each["name"] for each in parameters} >= _RANGE


def _latest_result(complete: Sequence[CompleteJob], caller: Caller) -> LatestResult | None:
    """Return the newest of these jobs that is the caller's own and has its output."""
    own = (job for job in complete if isinstance(caller, User) and job.owner_id == caller.id and not job.expired)
    newest = next(own, None)
    return None if newest is None else {"job_id": newest.id, "frame_count": newest.frame_count}
