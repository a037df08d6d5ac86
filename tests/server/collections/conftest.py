"""Fixtures: the services of data and collections, on SQLite and PostgreSQL."""

from dataclasses import dataclass

import pytest

from support.data_services import DataServices, open_data_services
from voxel51.server.collections import filters
from voxel51.server.collections.members import MemberService
from voxel51.server.collections.saved_searches import SavedSearchService
from voxel51.server.collections.service import CollectionService
from voxel51.server.data import labelling
from voxel51.server.data.labelling import LabellingService
from voxel51.server.data.records import DataLists


@dataclass
class Site:
    """Services of collections, beside those of data."""

    data: DataServices
    collections: CollectionService
    members: MemberService
    searches: SavedSearchService
    labels: LabellingService


@pytest.fixture
def site(tmp_path, database_url):
    services = open_data_services(tmp_path, database_url)
    lists = DataLists().extended(labelling.RELATIONS, labelling.COMPUTED)
    services.data.lists = lists.extended(filters.RELATIONS, filters.COMPUTED)
    database = services.database
    yield Site(
        services,
        CollectionService(database),
        MemberService(database, services.data),
        SavedSearchService(database),
        LabellingService(database),
    )
    database.close()


@pytest.fixture
def alice(site):
    return site.data.accounts.create_user("alice")


@pytest.fixture
def bob(site):
    return site.data.accounts.create_user("bob")
