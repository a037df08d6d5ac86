"""Fixtures: the services of schedules, batches and collections with a clock of the test, and two users."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from support.job_batches import ANALYTIC, SOURCES, BatchTestServices
from support.job_fixtures import alice, bob, services  # noqa: F401  (pytest finds them here)
from support.job_services import JobServices
from voxel51.server.accounts.callers import User
from voxel51.server.collections.members import MemberService
from voxel51.server.collections.service import CollectionService
from voxel51.server.job_batches.routes import read_selection
from voxel51.server.pipelines.checks import PipelineChecker
from voxel51.server.pipelines.on_videos import PipelineVideoService
from voxel51.server.pipelines.runs import PipelineRunService
from voxel51.server.pipelines.service import PipelineService
from voxel51.server.schedules.service import ScheduleService
from voxel51.server.schedules.starter import ScheduleStarter
from voxel51.server.schedules.work import BatchWork, PipelineWork
from voxel51.server.scheduling.predictions import Predictor
from voxel51.wire.job_batches import JobBatch
from voxel51.wire.schedules import Schedule, ScheduledType


@dataclass
class Clock:
    """The present time of a test."""

    now: datetime = field(default=datetime(2030, 1, 1, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def set(self, text: str) -> None:
        """Set the present time, in UTC."""
        self.now = datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Site:
    """The services that a test of schedules needs."""

    jobs: JobServices
    batches: BatchTestServices
    work: BatchWork
    pipelines: PipelineService
    runs: PipelineRunService
    schedules: ScheduleService
    starter: ScheduleStarter
    collections: CollectionService
    members: MemberService
    clock: Clock

    def create(self, user: User, selection: dict[str, Any], **given: Any) -> Schedule:
        """Create a schedule, by default one that runs the deterministic analytic at three o'clock every night."""
        batch = {"analytic": ANALYTIC, "selection": selection}
        return self.schedules.create(user, {"cron": "0 3 * * *", "run": {"type": "batch", "batch": batch}, **given})

    def run(self, text: str) -> None:
        """Set the clock, and run what is due."""
        self.clock.set(text)
        while self.starter.advance():
            pass

    def upload(self, user: User, number: int) -> str:
        """Upload a video."""
        return self.jobs.add_data(user, f"video {number}".encode())

    def collection(self, user: User, *data_ids: str) -> str:
        """Create a collection of data."""
        collection_id = self.collections.create(user, {"name": "Junction"})["id"]
        self.members.add(user, collection_id, [*data_ids], ())
        return collection_id

    def all_batches(self, user: User) -> list[JobBatch]:
        """Return the batches of a user, the newest first."""
        return self.batches.service.all(user, archived=False, limit=100, cursor=None)["batches"]


@pytest.fixture
def site(services: JobServices, monkeypatch: pytest.MonkeyPatch) -> Site:  # noqa: F811  (the fixture)
    database, clock = services.database, Clock()
    monkeypatch.setattr("voxel51.server.schedules.service.dates.now", clock)
    batches = BatchTestServices(services)
    work = BatchWork(batches.planner, batches.service, read_selection)
    checker = PipelineChecker(services.jobs.submission)
    runs = PipelineRunService(database, checker, services.jobs, services.actions, Predictor())
    on_videos = PipelineVideoService(database, checker, runs)
    pipeline_work = PipelineWork(database, on_videos, SOURCES, read_selection)
    types = {ScheduledType.BATCH: work, ScheduledType.PIPELINE: pipeline_work}
    return Site(
        jobs=services,
        batches=batches,
        work=work,
        pipelines=PipelineService(database, checker),
        runs=runs,
        schedules=ScheduleService(database, types, lambda: None),
        starter=ScheduleStarter(database, types, clock),
        collections=CollectionService(database),
        members=MemberService(database, services.data),
        clock=clock,
    )
