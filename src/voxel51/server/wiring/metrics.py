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
from voxel51.server.overview.queue import QueueService
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.wiring.jobs import JobServices


@dataclass(frozen=True, slots=True)
class MetricsServices:
    """All metrics of this process."""

    registry: CollectorRegistry
    requests: RequestMetrics

    def routes(self) -> Iterable[Route]:
        """Return the route of the metrics."""
        return metrics_routes(self.registry)


def build_metrics(foundation: Foundation, jobs: JobServices) -> MetricsServices:
    """Build the metrics: of requests, jobs, the present state of the platform, and the process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    queue = QueueService(foundation.database, jobs.dispatchers)
    registry.register(Gauges(foundation.database, queue, foundation.storage, voxel51.__version__))
    registry.register(JobCounters(foundation.database))
    requests = RequestMetrics()
    registry.register(requests)
    return MetricsServices(registry, requests)
