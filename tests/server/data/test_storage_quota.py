"""Storage quotas: no owner stores more bytes than permitted."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.data_services import open_rooms
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.errors import BadRequest, OverQuota


@pytest.fixture
def rooms(tmp_path, database_url):
    rooms = open_rooms(tmp_path, database_url)
    yield rooms
    rooms.database.close()


@pytest.fixture
def alice(rooms):
    alice = rooms.accounts.create_user("alice")
    rooms.quotas.grant(alice, alice, {"bytes": 10})
    return alice


def test_upload_beyond_quota_is_rejected(rooms, alice):
    rooms.add(alice, b"12345678")
    with pytest.raises(OverQuota, match="8 of your 10 bytes"):
        rooms.add(alice, b"abc")
    assert len(rooms.keys()) == 1
    rooms.add(alice, b"ab")


def test_same_bytes_count_once_until_deleted(rooms, alice):
    first = rooms.add(alice, b"12345678")
    second = rooms.add(alice, b"12345678")
    rooms.data.delete(alice, [first, second])
    rooms.add(alice, b"1234567890")


def test_announced_bytes_count_once(rooms, alice):
    upload_id = rooms.begin(alice, 8)
    with pytest.raises(OverQuota):
        rooms.begin(alice, 3)
    with pytest.raises(OverQuota):
        rooms.add(alice, b"abc")
    rooms.uploads.delete(alice.id, upload_id)
    rooms.begin(alice, 3)


def test_concurrent_uploads_never_exceed_quota(rooms, alice):
    def add(number):
        try:
            return rooms.add(alice, b"%04d" % number)
        except OverQuota:
            return None

    with ThreadPoolExecutor(8) as threads:
        kept = [data_id for data_id in threads.map(add, range(16)) if data_id]
    assert len(kept) == 2
    assert len(rooms.keys()) == 2


def test_application_quota_applies_to_each_user(rooms, alice):
    applications = ApplicationService(rooms.database)
    acme = applications.create("acme")
    rooms.quotas.grant(alice, acme, {"bytes": 3})
    first, second = (applications.create_user(acme, name) for name in ("one", "two"))
    for user in (first, second):
        rooms.add(user, b"123")
        with pytest.raises(OverQuota):
            rooms.add(user, b"x")
    rooms.quotas.grant(alice, second, {"bytes": 0})
    rooms.add(second, b"any number of bytes")


def test_invalid_amount_is_rejected(rooms, alice):
    with pytest.raises(BadRequest, match="-1"):
        rooms.quotas.grant(alice, alice, {"bytes": -1})
