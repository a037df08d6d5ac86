"""The services of data, fresh for each test."""

import pytest

from support.data_services import open_rooms


@pytest.fixture
def rooms(tmp_path, database_url):
    rooms = open_rooms(tmp_path, database_url)
    yield rooms
    rooms.database.close()


@pytest.fixture
def alice(rooms):
    return rooms.accounts.create_user("alice")


@pytest.fixture
def bob(rooms):
    return rooms.accounts.create_user("bob")
