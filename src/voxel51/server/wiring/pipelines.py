"""Wiring of pipelines and their runs."""

from collections.abc import Iterable
from dataclasses import dataclass

from voxel51.server.http.route import Route
from voxel51.server.pipelines.checks import PipelineChecker
from voxel51.server.pipelines.on_videos import PipelineVideoService
from voxel51.server.pipelines.routes import pipeline_routes
from voxel51.server.pipelines.runs import PipelineRunService
from voxel51.server.pipelines.service import PipelineService
from voxel51.server.scheduling.predictions import Predictor
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.wiring.jobs import JobServices


@dataclass(frozen=True, slots=True)
class PipelineServices:
    """The services of pipelines."""

    pipelines: PipelineService
    runs: PipelineRunService
    on_videos: PipelineVideoService

    def routes(self) -> Iterable[Route]:
        """Return the routes of pipelines and of their runs."""
        return pipeline_routes(self.pipelines, self.runs)


def build_pipelines(foundation: Foundation, jobs: JobServices) -> PipelineServices:
    """Build the services of pipelines."""
    database, checker = foundation.database, PipelineChecker(jobs.jobs.submission)
    runs = PipelineRunService(database, checker, jobs.jobs, jobs.actions, Predictor())
    on_videos = PipelineVideoService(database, checker, runs)
    return PipelineServices(PipelineService(database, checker), runs, on_videos)
