"""Fixtures: the services behind jobs on SQLite, and a user."""

import pytest

from support.databases import migrated_sqlite
from support.job_services import open_job_services


@pytest.fixture
def services(tmp_path):
    with open_job_services(tmp_path, migrated_sqlite(tmp_path / "platform.sqlite")) as built:
        yield built


@pytest.fixture
def alice(services):
    return services.accounts.create_user("alice")
