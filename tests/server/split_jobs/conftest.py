"""Fixtures: the services of split jobs and of jobs, and two users, on SQLite and PostgreSQL."""

import pytest

from support.job_fixtures import alice, bob, services  # noqa: F401  (pytest finds them here)
from support.job_services import JobServices
from support.split_jobs import SplitTestServices
from voxel51.server.scheduling.admissions import admission
from voxel51.server.scheduling.controls import ControlService


@pytest.fixture
def splits(services: JobServices) -> SplitTestServices:  # noqa: F811  (the fixture)
    return SplitTestServices(services)


@pytest.fixture
def controls(services: JobServices) -> ControlService:  # noqa: F811  (the fixture)
    services.attempts._admissions = admission
    return ControlService(services.database)
