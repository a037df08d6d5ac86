"""Fixtures: the services behind jobs and two users, on SQLite and PostgreSQL."""

import pytest

from support.job_services import job_rooms


@pytest.fixture
def rooms(tmp_path, database_url):
    with job_rooms(tmp_path, database_url) as built:
        yield built


@pytest.fixture
def alice(rooms):
    return rooms.accounts.create_user("alice")


@pytest.fixture
def bob(rooms):
    return rooms.accounts.create_user("bob")
