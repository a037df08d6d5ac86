"""Wiring of schedules: the work that they can run, and the thread that starts what is due."""

from collections.abc import Iterable
from dataclasses import dataclass

from voxel51.server.background_thread import AdvancingThread
from voxel51.server.database.signals import SCHEDULES
from voxel51.server.http.route import Route
from voxel51.server.job_batches.routes import read_selection
from voxel51.server.schedules.routes import schedule_routes
from voxel51.server.schedules.service import ScheduleService
from voxel51.server.schedules.starter import ScheduleStarter
from voxel51.server.schedules.work import BatchWork, PipelineWork, WorkTypes
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.wiring.job_batches import BatchServices
from voxel51.server.wiring.pipelines import PipelineServices
from voxel51.wire.schedules import ScheduledType


@dataclass(frozen=True, slots=True)
class ScheduleServices:
    """The services of schedules, and the thread that starts what is due."""

    schedules: ScheduleService
    thread: AdvancingThread

    def routes(self) -> Iterable[Route]:
        """Yield the routes of schedules."""
        return schedule_routes(self.schedules)


def build_schedules(foundation: Foundation, batches: BatchServices, pipelines: PipelineServices) -> ScheduleServices:
    """Build the services of schedules."""
    database, signals, process = foundation.database, foundation.signals, foundation.process
    handlers = batches.handlers
    types: WorkTypes = {
        ScheduledType.BATCH: BatchWork(handlers.planner, handlers.batches, read_selection),
        ScheduledType.PIPELINE: PipelineWork(database, pipelines.on_videos, batches.sources, read_selection),
    }
    starter = ScheduleStarter(database, types)
    thread = AdvancingThread("schedules", "running schedules", starter.advance, lambda: process.leads)
    signals.on(SCHEDULES, thread.wake)
    return ScheduleServices(ScheduleService(database, types, signals.sender(SCHEDULES)), thread)
