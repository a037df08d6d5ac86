"""Committing several files at the same time."""

import pytest

from voxel51.server.errors import OutOfSpace
from voxel51.server.storage.committing import commit_all
from voxel51.server.storage.local import LocalStorage

KEYS = ["outputs/0a1b", "logs/1b2c", "logs/2c3d"]


@pytest.fixture
def storage(tmp_path):
    storage = LocalStorage(tmp_path / "storage")
    storage.open()
    return storage


def written(storage, key):
    writer = storage.writer(key)
    writer.write(key.encode())
    return writer


@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_files_are_committed(storage, count):
    commit_all([written(storage, key) for key in KEYS[:count]])

    assert {file.key: b"".join(storage.read(file.key)) for file in storage.files()} == {
        key: key.encode() for key in KEYS[:count]
    }


@pytest.mark.parametrize("full", KEYS)
def test_failure_of_any_file_is_raised_after_the_others_are_done(storage, full, monkeypatch):
    writers = [written(storage, key) for key in KEYS]

    def fail():
        raise OutOfSpace("the disk is full")

    monkeypatch.setattr(writers[KEYS.index(full)], "commit", fail)

    with pytest.raises(OutOfSpace):
        commit_all(writers)

    assert {file.key for file in storage.files()} == {*KEYS} - {full}
