"""Storage on the local disk: what only a disk can do, and how it fails."""

import errno
import fcntl
import os
import shutil
from pathlib import Path

import pytest

from voxel51.server.errors import Locked, OutOfSpace, Unavailable
from voxel51.server.storage.local import LocalStorage

KEY = "data/0a1b2c3d"


@pytest.fixture
def storage(tmp_path):
    storage = LocalStorage(tmp_path / "storage")
    storage.open()
    return storage


def put(storage, key, content):
    writer = storage.writer(key)
    writer.write(content)
    writer.commit()


def grow(storage, key, content):
    growth = storage.partial.open(key, len(content))
    growth.append(content)
    growth.close()
    return growth


def test_restored_file_is_copied_where_the_file_system_has_no_links(storage, monkeypatch):
    put(storage, KEY, b"damaged")
    put(storage, "data/1b2c3d4e", b"whole")
    monkeypatch.setattr("os.link", lambda *_: (_ for _ in ()).throw(OSError("not supported")))

    storage.restore(KEY, "data/1b2c3d4e")

    assert b"".join(storage.read(KEY)) == b"whole"


@pytest.mark.parametrize(
    "use",
    [
        lambda storage: storage.read(KEY),
        lambda storage: storage.size_bytes(KEY),
        lambda storage: storage.info(KEY),
        lambda storage: storage.writer("data/1b2c3d4e"),
        lambda storage: storage.partial.open("data/1b2c3d4e"),
    ],
)
def test_storage_that_is_not_mounted_is_unavailable_and_its_files_are_not_missing(storage, tmp_path, use):
    put(storage, KEY, b"x")
    shutil.move(tmp_path / "storage", tmp_path / "elsewhere")

    with pytest.raises(Unavailable, match="storage of the platform cannot be used"):
        use(storage)

    shutil.move(tmp_path / "elsewhere", tmp_path / "storage")
    assert storage.size_bytes(KEY) == 1


@pytest.mark.parametrize(
    ("number", "error"), [(errno.EROFS, Unavailable), (errno.EIO, Unavailable), (errno.ENOSPC, OutOfSpace)]
)
def test_error_of_the_disk_is_translated(storage, monkeypatch, number, error):
    def refuse(*_arguments):
        raise OSError(number, os.strerror(number))

    writer = storage.writer(KEY)
    monkeypatch.setattr(os, "write", refuse)

    with pytest.raises(error):
        writer.write(b"x")


def test_files_that_cannot_be_deleted_are_reported_and_not_raised(storage, monkeypatch, caplog):
    put(storage, KEY, b"x")
    grow(storage, "data/1b2c3d4e", b"x").close()

    def refuse(*_arguments, **_named):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        assert not storage.delete(KEY)
        storage.partial.discard("data/1b2c3d4e")

    assert caplog.text.count("Read-only file system") == 2
    assert storage.delete(KEY)


def test_aborted_file_leaves_no_file_on_the_disk(storage, tmp_path):
    writer = storage.writer(KEY)
    writer.write(b"half")
    writer.abort()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_too_large_file_is_rejected_in_advance(storage):
    with pytest.raises(OutOfSpace, match="left"):
        storage.writer(KEY, expected_bytes=2**60)


def test_unfinished_files_are_removed_on_open(tmp_path):
    storage = LocalStorage(tmp_path / "storage")
    storage.open()
    abandoned = storage.writer(KEY)
    abandoned.write(b"half")
    LocalStorage(tmp_path / "storage").open()
    assert abandoned.size_bytes == 4, "another process that opens the storage lets the writer go on"
    assert any((tmp_path / "storage" / "incoming").iterdir())
    fcntl.flock(abandoned._descriptor, fcntl.LOCK_UN)  # as the kernel does when a process dies
    LocalStorage(tmp_path / "storage").open()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    abandoned.abort()


def test_too_large_partial_file_is_rejected(storage):
    with pytest.raises(OutOfSpace, match="left"):
        storage.partial.open(KEY, expected_bytes=2**60)
    assert list(storage.partial.unfinished()) == []


def test_partial_file_is_open_once_at_a_time(storage):
    first = storage.partial.open(KEY)
    first.append(b"half")

    with pytest.raises(Locked):
        storage.partial.open(KEY)

    first.close()
    second = storage.partial.open(KEY)
    assert second.size_bytes == 4
    second.close()
