"""Fixtures: the services behind jobs and two users, on SQLite and PostgreSQL, and the ledger of their usage."""

from datetime import timedelta
from pathlib import Path

import pytest

from support.job_fixtures import alice, bob, services  # noqa: F401  (pytest finds them here)
from support.job_services import JobServices
from voxel51.server.database.database import sqlite_url
from voxel51.server.usage.ledger import UsageLedger


@pytest.fixture
def ledger(services: JobServices) -> UsageLedger:  # noqa: F811
    return UsageLedger(services.database, timedelta(days=365))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database before any migration."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "empty.sqlite")
    url: str = request.getfixturevalue("postgresql").empty_database()
    return url
