"""Fixtures of tests on jobs: their services on SQLite and PostgreSQL, two users, and a job that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.job_services import JobServices, open_job_services
from voxel51.server.accounts.callers import User
from voxel51.server.jobs.attempts import Attempt


@pytest.fixture
def services(tmp_path: Path, database_url: str) -> Iterator[JobServices]:
    with open_job_services(tmp_path, database_url) as built:
        yield built


@pytest.fixture
def alice(services: JobServices) -> User:
    return services.accounts.create_user("alice")


@pytest.fixture
def bob(services: JobServices) -> User:
    return services.accounts.create_user("bob")


@pytest.fixture
def running(services: JobServices, alice: User) -> tuple[str, Attempt]:
    """A job of alice that runs, and its attempt."""
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)
    return job_id, attempt
