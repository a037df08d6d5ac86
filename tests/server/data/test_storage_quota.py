"""Storage quotas: no owner stores more bytes than permitted."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.data_services import open_data_services
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.errors import BadRequest, OverQuota


@pytest.fixture
def services(tmp_path, database_url):
    services = open_data_services(tmp_path, database_url)
    yield services
    services.database.close()


@pytest.fixture
def alice(services):
    alice = services.accounts.create_user("alice")
    services.quotas.grant(alice, alice, {"bytes": 10})
    return alice


def test_upload_beyond_quota_is_rejected(services, alice):
    services.add(alice, b"12345678")
    with pytest.raises(OverQuota, match="8 of your 10 bytes"):
        services.add(alice, b"abc")
    assert len(services.keys()) == 1
    services.add(alice, b"ab")


def test_same_bytes_count_once_until_deleted(services, alice):
    first = services.add(alice, b"12345678")
    second = services.add(alice, b"12345678")
    services.data.delete(alice, [first, second])
    services.add(alice, b"1234567890")


def test_announced_bytes_count_once(services, alice):
    upload_id = services.begin(alice, 8)
    with pytest.raises(OverQuota):
        services.begin(alice, 3)
    with pytest.raises(OverQuota):
        services.add(alice, b"abc")
    services.uploads.delete(alice.id, upload_id)
    services.begin(alice, 3)


def test_concurrent_uploads_never_exceed_quota(services, alice):
    def add(number):
        try:
            return services.add(alice, b"%04d" % number)
        except OverQuota:
            return None

    with ThreadPoolExecutor(8) as threads:
        kept = [data_id for data_id in threads.map(add, range(16)) if data_id]
    assert len(kept) == 2
    assert len(services.keys()) == 2


def test_application_quota_applies_to_each_user(services, alice):
    applications = ApplicationService(services.database)
    acme = applications.create("acme")
    services.quotas.grant(alice, acme, {"bytes": 3})
    first, second = (applications.create_user(acme, name) for name in ("one", "two"))
    for user in (first, second):
        services.add(user, b"123")
        with pytest.raises(OverQuota):
            services.add(user, b"x")
    services.quotas.grant(alice, second, {"bytes": 0})
    services.add(second, b"any number of bytes")


def test_invalid_amount_is_rejected(services, alice):
    with pytest.raises(BadRequest, match="-1"):
        services.quotas.grant(alice, alice, {"bytes": -1})
