"""Wiring of the metrics."""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

import voxel51
from voxel51.server.http.route import Route
from voxel51.server.metrics.gauges import Gauges
from voxel51.server.metrics.job_counters import JobCounters
from voxel51.server.metrics.requests import RequestMetrics
from voxel51.server.metrics.routes import metrics_routes
from voxel51.server.metrics.shared import SharedMetrics
from voxel51.server.overview.queue import QueueService
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.wiring.jobs import JobServices


@dataclass(frozen=True, slots=True)
class MetricsServices:
    """All metrics that this process exposes.

    Attributes:
        registry: the metrics.
        requests: of the requests to this process.
        shared: shares them with the other processes of the start; None if this is the only one.
    """

    registry: CollectorRegistry
    requests: RequestMetrics
    shared: SharedMetrics | None

    def routes(self) -> Iterable[Route]:
        """Return the route of the metrics."""
        return metrics_routes(self.registry)


def build_metrics(foundation: Foundation, jobs: JobServices) -> MetricsServices:
    """Build the metrics: of requests, jobs, the present state of the platform, and the process."""
    start, database = foundation.start, foundation.database
    registry = own = CollectorRegistry()
    shared = None
    if start is not None:
        own = CollectorRegistry()
    ProcessCollector(registry=own)
    GCCollector(registry=own)
    requests = RequestMetrics()
    own.register(requests)
    if start is None or start.counts_jobs:
        own.register(JobCounters(database))
    if start is not None:
        shared = SharedMetrics(start.metrics_folder, start.name, own)
        registry.register(shared)
    PlatformCollector(registry=registry)
    queue = QueueService(database, jobs.dispatchers)
    registry.register(Gauges(database, queue, foundation.storage, voxel51.__version__))
    return MetricsServices(registry, requests, shared)
