"""The services of data, fresh for each test."""

import pytest

from support.data_services import open_data_services


@pytest.fixture
def services(tmp_path, database_url):
    services = open_data_services(tmp_path, database_url)
    yield services
    services.database.close()


@pytest.fixture
def alice(services):
    return services.accounts.create_user("alice")


@pytest.fixture
def bob(services):
    return services.accounts.create_user("bob")
