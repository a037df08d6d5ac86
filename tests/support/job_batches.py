"""Batches in tests: their services on those of jobs, and jobs that end as a test says."""

import copy
from typing import Any

from sqlalchemy import select

from support.job_services import DOCUMENT, JobServices
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.collections.access import own_videos
from voxel51.server.data.records import LISTING
from voxel51.server.job_batches.advancer import BatchAdvancer
from voxel51.server.job_batches.earlier_results import EarlierResults
from voxel51.server.job_batches.estimate import BatchEstimator
from voxel51.server.job_batches.plan import BatchPlanner
from voxel51.server.job_batches.selection import Selection, VideoSources
from voxel51.server.job_batches.service import BatchLimits, BatchService
from voxel51.server.jobs.tables import jobs
from voxel51.wire.job_batches import BatchItem, JobBatch

ANALYTIC = "voxel51/steady"
SOURCES = VideoSources(LISTING, own_videos)


def steady_document() -> dict[str, Any]:
    """Return the manifest of a deterministic analytic with one parameter."""
    document = copy.deepcopy(DOCUMENT)
    document["info"]["name"] = "steady"
    document["parameters"] = [
        {"name": "level", "type": "types.Number", "description": "", "placeholder": "", "required": False,
         "default": 1}
    ]  # fmt: skip
    document["extensions"] = {"deterministic": True}
    return document


class BatchTestServices:
    """The services of batches."""

    def __init__(self, services: JobServices) -> None:
        self.jobs = services
        self.installed = [
            InstalledAnalytic("voxel51/count", DOCUMENT, preload_safe=True),
            InstalledAnalytic(ANALYTIC, steady_document(), preload_safe=True),
        ]
        services.analytics.install(self.installed)
        submission, earlier = services.jobs.submission, EarlierResults(services.analytics)
        self.planner = BatchPlanner(
            services.database, services.analytics, submission, VideoSources(LISTING, own_videos)
        )
        self.estimator = BatchEstimator(services.database, earlier)
        limits = BatchLimits(kept=6, open=5)
        self.service = BatchService(
            services.database, services.actions, limits, lambda: services.wakes.append("batches")
        )
        self.advancer = BatchAdvancer(services.database, submission, earlier)

    def create(self, user: User, data_ids: list[str], **given: Any) -> JobBatch:
        """Create a batch of the deterministic analytic on data."""
        new = {"analytic": ANALYTIC, "selection": {"data_ids": data_ids}, **given}
        return self.service.create(user, self.planner.plan(user, new, Selection(data_ids=data_ids)))

    def advance(self) -> None:
        """Advance all batches until nothing more can be done at once."""
        while self.advancer.advance():
            pass

    def items(self, user: User, batch: JobBatch, **given: Any) -> list[BatchItem]:
        """Return the items of a batch."""
        asked = {"state": None, "labels": False, "limit": 1000, "after": 0, **given}
        return self.service.items(user, batch["id"], **asked)["items"]

    def counts(self, user: User, batch: JobBatch) -> dict[str, int]:
        """Return the counts of a batch that are not zero."""
        return {state: n for state, n in self.service.details(user, batch["id"])["counts"].items() if n}

    def end_jobs(self, state: str = "COMPLETE", failure_type: str | None = None) -> int:
        """Run all queued jobs to their end; return how many."""
        claims = self.jobs.attempts.claim(100)
        for claim in claims:
            attempt = self.jobs.reports.authenticate(claim.credential, claim.job_id)
            self.jobs.reports.report_state(attempt, "RUNNING", None)
            amount = {"frame_count": 60, "duration_seconds": 2.0}
            self.jobs.reports.report_metadata(attempt, amount)
            if state == "COMPLETE":
                self.jobs.put_output(attempt)
            self.jobs.reports.report_state(attempt, state, failure_type)
        return len(claims)

    def all_jobs(self) -> list[str]:
        """Return the ids of all jobs."""
        with self.jobs.database.read() as connection:
            return [*connection.execute(select(jobs.c.id)).scalars()]
