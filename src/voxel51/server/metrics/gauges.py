"""Gauges: the present state of the queue, the slots, the disk, renditions and webhooks."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from voxel51.server.database.database import Database
from voxel51.server.overview.queue import QueueService
from voxel51.server.renditions.tables import preparations
from voxel51.server.storage.storage import Storage
from voxel51.server.webhooks.tables import deliveries
from voxel51.wire.webhooks import DeliveryState


class Gauges(Collector):
    """Gauges that are read when the metrics are."""

    def __init__(self, database: Database, queue: QueueService, storage: Storage, version: str) -> None:
        self._database = database
        self._queue = queue
        self._storage = storage
        self._version = version

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield all gauges."""
        about = GaugeMetricFamily("voxel51_platform_info", "Version of the platform.", labels=("version",))
        about.add_metric((self._version,), 1)
        yield about
        yield from self._of_queue()
        yield from self._of_background()
        if (free_bytes := self._storage.free_bytes()) is not None:
            yield GaugeMetricFamily("voxel51_storage_free_bytes", "Bytes that uploads may use now.", value=free_bytes)

    def _of_queue(self) -> Iterator[GaugeMetricFamily]:
        overview = self._queue.overview()
        states = GaugeMetricFamily("voxel51_jobs_in_state", "Jobs on record by state.", labels=("state", "internal"))
        for internal, counts in (("false", overview["states"]), ("true", overview["internal_states"])):
            for state, number in counts.items():
                states.add_metric((state, internal), number)
        yield states
        slots = GaugeMetricFamily("voxel51_slots", "Slots of jobs and of internal jobs.", labels=("kind", "use"))
        for kind, of_kind in (("jobs", overview["jobs"]), ("internal", overview["renditions"])):
            slots.add_metric((kind, "total"), of_kind["total_slots"])
            slots.add_metric((kind, "used"), of_kind["used_slots"])
        yield slots
        yield GaugeMetricFamily(
            "voxel51_dispatching", "1 while queued jobs are being started.", value=int(overview["dispatching"])
        )
        yield GaugeMetricFamily(
            "voxel51_oldest_queued_job_seconds",
            "Time that the oldest queued job has waited; 0 if none waits.",
            value=overview["oldest_wait_seconds"] or 0.0,
        )

    def _of_background(self) -> Iterator[GaugeMetricFamily]:
        pending = select(func.count()).select_from(deliveries).where(deliveries.c.state == DeliveryState.PENDING.value)
        with self._database.read() as connection:
            videos = connection.execute(select(func.count()).select_from(preparations)).scalar_one()
            undelivered = connection.execute(pending).scalar_one()
        yield GaugeMetricFamily("voxel51_videos_to_prepare", "Videos whose renditions are to be made.", value=videos)
        yield GaugeMetricFamily("voxel51_webhook_deliveries_pending", "Messages to be delivered.", value=undelivered)
