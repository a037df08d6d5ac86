"""Wiring of batches of jobs."""

from collections.abc import Iterable
from dataclasses import dataclass

from voxel51.server.background_thread import AdvancingThread
from voxel51.server.collections.access import own_videos
from voxel51.server.database.signals import BATCHES, EVENTS
from voxel51.server.http.route import Route
from voxel51.server.job_batches.advancer import BatchAdvancer
from voxel51.server.job_batches.earlier_results import EarlierResults
from voxel51.server.job_batches.estimate import BatchEstimator
from voxel51.server.job_batches.plan import BatchPlanner
from voxel51.server.job_batches.routes import BatchHandlers, batch_routes
from voxel51.server.job_batches.selection import VideoSources
from voxel51.server.job_batches.service import BatchLimits, BatchService
from voxel51.server.wiring.data import DataServices
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.wiring.jobs import JobServices


@dataclass(frozen=True, slots=True)
class BatchServices:
    """All services of batches, and the thread that advances them."""

    handlers: BatchHandlers
    sources: VideoSources
    thread: AdvancingThread

    def routes(self) -> Iterable[Route]:
        """Yield the routes of batches."""
        return batch_routes(self.handlers)


def build_batches(foundation: Foundation, data: DataServices, jobs: JobServices) -> BatchServices:
    """Build the services of batches."""
    database, signals, process = foundation.database, foundation.signals, foundation.process
    settings = foundation.settings
    submission, earlier = jobs.jobs.submission, EarlierResults(jobs.analytics)
    advancer = BatchAdvancer(database, submission, earlier)
    thread = AdvancingThread("batches", "advancing batches", advancer.advance, lambda: process.leads)
    for topic in (BATCHES, EVENTS):
        signals.on(topic, thread.wake)
    database.on_write(thread.wake)
    sources = VideoSources(data.data.lists.listing, own_videos)
    handlers = BatchHandlers(
        BatchPlanner(database, jobs.analytics, submission, sources),
        BatchEstimator(database, earlier),
        BatchService(
            database,
            jobs.actions,
            BatchLimits(settings.batches_per_user, settings.open_batches_per_user),
            signals.sender(BATCHES),
        ),
    )
    return BatchServices(handlers, sources, thread)
