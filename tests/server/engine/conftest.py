"""Fixtures: the services behind jobs on SQLite, and a user."""

import pytest

from support.databases import migrated_sqlite
from support.job_services import job_rooms


@pytest.fixture
def rooms(tmp_path):
    with job_rooms(tmp_path, migrated_sqlite(tmp_path / "platform.sqlite")) as built:
        yield built


@pytest.fixture
def alice(rooms):
    return rooms.accounts.create_user("alice")
