"""Fixtures: the services of batches and of jobs, and two users, on SQLite and PostgreSQL."""

import pytest

from support.job_batches import BatchTestServices
from support.job_fixtures import alice, bob, services  # noqa: F401  (pytest finds them here)
from support.job_services import JobServices


@pytest.fixture
def batches(services: JobServices) -> BatchTestServices:  # noqa: F811  (the fixture)
    return BatchTestServices(services)
