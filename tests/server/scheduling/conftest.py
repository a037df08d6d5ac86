"""Fixtures: the services behind jobs with the controls of the queue, on SQLite and PostgreSQL."""

import pytest

from support.job_fixtures import alice, bob, running, services  # noqa: F401  (pytest finds them here)
from voxel51.server.scheduling.admissions import admission
from voxel51.server.scheduling.controls import ControlService


@pytest.fixture
def controls(services):  # noqa: F811  (a fixture of that name)
    services.attempts._admissions = admission
    return ControlService(services.database, lambda: services.wakes.append("wake"))
