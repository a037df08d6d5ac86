"""Fixtures: the services behind jobs and two users, on SQLite and PostgreSQL."""

import pytest

from support.job_services import open_job_services


@pytest.fixture
def services(tmp_path, database_url):
    with open_job_services(tmp_path, database_url) as built:
        yield built


@pytest.fixture
def alice(services):
    return services.accounts.create_user("alice")


@pytest.fixture
def bob(services):
    return services.accounts.create_user("bob")
