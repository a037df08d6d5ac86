"""Fixtures of the environments of bundles: a package index on loopback, and stores that use it."""

import pytest

from support.package_index import PackageIndex
from support.sandboxes import strongest_sandbox
from voxel51.runners.environments.store import EnvironmentStore, StoreSettings
from voxel51.runners.environments.uv import IndexSettings


@pytest.fixture
def index():
    with PackageIndex() as index:
        yield index


@pytest.fixture
def make_store(tmp_path):
    """Return what makes an open store in the same folder each time, with settings of the index."""

    def make(index_settings, **settings):
        settings = StoreSettings(index=index_settings, **settings)
        store = EnvironmentStore(tmp_path / "environments", strongest_sandbox(), settings)
        store.open()
        return store

    return make


@pytest.fixture
def store(index, make_store):
    return make_store(IndexSettings(url=index.url))


@pytest.fixture
def source(tmp_path):
    """An empty folder for the source of a bundle."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder
