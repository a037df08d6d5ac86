"""Wiring of split jobs."""

from collections.abc import Iterable
from dataclasses import dataclass

from voxel51.server.database.signals import EVENTS, JOBS
from voxel51.server.http.route import Route, with_default_scope
from voxel51.server.split_jobs.advancer import SplitAdvancer
from voxel51.server.split_jobs.partial_labels import PartialLabelsCopier
from voxel51.server.split_jobs.planner import SplitPlanner
from voxel51.server.split_jobs.routes import split_routes
from voxel51.server.split_jobs.service import SplitService
from voxel51.server.split_jobs.thread import SplitThread
from voxel51.server.wiring.features import FeatureServices
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.wiring.jobs import JobServices
from voxel51.wire.accounts import Scope


@dataclass(frozen=True, slots=True)
class SplitServices:
    """The service of split jobs, and the thread that advances them."""

    thread: SplitThread
    service: SplitService
    jobs: JobServices

    def routes(self) -> Iterable[Route]:
        """Yield the routes of split jobs."""
        return with_default_scope(Scope.RUN, split_routes(self.service, self.jobs.jobs))


def build_split_jobs(foundation: Foundation, jobs: JobServices, features: FeatureServices) -> SplitServices:
    """Build the services of split jobs."""
    database, storage, settings, signals = (
        foundation.database, foundation.storage, foundation.settings, foundation.signals,
    )  # fmt: skip
    planner = SplitPlanner(database, storage, jobs.analytics, features.renditions, settings.split_part_seconds)
    labels = PartialLabelsCopier(database, settings.job_partial_bytes)
    thread = SplitThread(SplitAdvancer(database, storage, planner, labels, jobs.wake))
    for topic in (JOBS, EVENTS):
        signals.on(topic, thread.wake)
    database.on_write(thread.wake)
    return SplitServices(thread, SplitService(database, jobs.jobs.submission), jobs)
