"""Contract of every storage: files, and partial files."""

import errno
import hashlib
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voxel51.server.errors import OutOfSpace, Unavailable
from voxel51.server.storage.local import LocalStorage
from voxel51.server.storage.storage import CHUNK_BYTES

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


def test_written_file_is_read_back(storage):
    content = bytes(range(256)) * (CHUNK_BYTES // 100)
    put(storage, KEY, content)
    assert b"".join(storage.read(KEY)) == content
    assert storage.size_bytes(KEY) == len(content)


@pytest.mark.parametrize(("start", "length"), [(0, 1), (3, None), (5, 100), (9, 1), (10, 5), (0, 0)])
def test_range_is_read(storage, start, length):
    put(storage, KEY, b"0123456789")
    expected = b"0123456789"[start : None if length is None else start + length]
    assert b"".join(storage.read(KEY, start, length)) == expected


def test_empty_file_is_stored(storage):
    put(storage, KEY, b"")
    assert b"".join(storage.read(KEY)) == b""
    assert storage.size_bytes(KEY) == 0


def test_uncommitted_file_is_invisible(storage):
    writer = storage.writer(KEY)
    writer.write(b"half")
    with pytest.raises(FileNotFoundError):
        storage.size_bytes(KEY)
    assert list(storage.files()) == []
    writer.abort()


def test_aborted_file_leaves_no_trace(storage, tmp_path):
    writer = storage.writer(KEY)
    writer.write(b"half")
    writer.abort()
    writer.abort()
    writer.commit()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_abort_after_commit_does_nothing(storage):
    writer = storage.writer(KEY)
    writer.write(b"whole")
    writer.commit()
    writer.abort()
    assert b"".join(storage.read(KEY)) == b"whole"


def test_deleting_twice_is_allowed(storage):
    put(storage, KEY, b"x")
    storage.delete(KEY)
    storage.delete(KEY)
    with pytest.raises(FileNotFoundError):
        storage.read(KEY)


@pytest.mark.parametrize("present", [None, b"damaged"])
def test_restored_file_has_bytes_of_its_source(storage, present):
    if present is not None:
        put(storage, KEY, present)
    put(storage, "data/1b2c3d4e", b"whole")

    storage.restore(KEY, "data/1b2c3d4e")

    assert b"".join(storage.read(KEY)) == b"".join(storage.read("data/1b2c3d4e")) == b"whole"
    storage.delete("data/1b2c3d4e")
    assert b"".join(storage.read(KEY)) == b"whole"


def test_restored_file_is_copied_where_the_file_system_has_no_links(storage, monkeypatch):
    put(storage, KEY, b"damaged")
    put(storage, "data/1b2c3d4e", b"whole")
    monkeypatch.setattr("os.link", lambda *_: (_ for _ in ()).throw(OSError("not supported")))

    storage.restore(KEY, "data/1b2c3d4e")

    assert b"".join(storage.read(KEY)) == b"whole"


def test_file_that_cannot_be_restored_is_unchanged(storage):
    put(storage, KEY, b"present")
    with pytest.raises(FileNotFoundError):
        storage.restore(KEY, "data/1b2c3d4e")
    assert b"".join(storage.read(KEY)) == b"present"


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


def test_reading_continues_after_deletion(storage):
    put(storage, KEY, b"x" * (2 * CHUNK_BYTES))
    reader = storage.read(KEY)
    first = next(reader)
    storage.delete(KEY)
    assert len(first + b"".join(reader)) == 2 * CHUNK_BYTES


def test_files_are_listed_with_size_and_date(storage):
    put(storage, "data/aa11", b"1")
    put(storage, "outputs/bb22", b"22")
    found = {file.key: file for file in storage.files()}
    assert {key: file.size_bytes for key, file in found.items()} == {"data/aa11": 1, "outputs/bb22": 2}
    assert all(datetime.now(UTC) - file.modified_at < timedelta(minutes=1) for file in found.values())


def test_too_large_file_is_rejected_in_advance(storage):
    with pytest.raises(OutOfSpace, match="left"):
        storage.writer(KEY, expected_bytes=2**60)


def test_unfinished_files_are_removed_on_open(tmp_path):
    storage = LocalStorage(tmp_path / "storage")
    storage.open()
    abandoned = storage.writer(KEY)
    abandoned.write(b"half")
    LocalStorage(tmp_path / "storage").open()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    abandoned.abort()


def test_written_file_is_hashed_and_may_be_synced_before_commit(storage):
    writer = storage.writer(KEY)
    writer.write(b"one ")
    writer.write(b"two")
    writer.sync()
    writer.commit()
    assert writer.sha256 == hashlib.sha256(b"one two").hexdigest()
    assert b"".join(storage.read(KEY)) == b"one two"


def test_sync_after_abort_does_nothing(storage):
    writer = storage.writer(KEY)
    writer.write(b"half")
    writer.abort()
    writer.sync()
    assert list(storage.files()) == []


def grow(storage, key, content):
    growth = storage.partial.open(key, len(content))
    growth.append(content)
    growth.close()
    return growth


def test_partial_file_is_invisible_until_finished(storage):
    assert storage.partial.size_bytes(KEY) == 0
    grow(storage, KEY, b"one ")
    assert grow(storage, KEY, b"two").size_bytes == storage.partial.size_bytes(KEY) == 7
    assert b"".join(storage.partial.read(KEY)) == b"one two"
    with pytest.raises(FileNotFoundError):
        storage.read(KEY)
    assert list(storage.files()) == []

    storage.partial.finish(KEY)

    assert b"".join(storage.read(KEY)) == b"one two"
    assert list(storage.partial.unfinished()) == []


def test_finishing_twice_is_allowed(storage):
    grow(storage, KEY, b"whole")
    storage.partial.finish(KEY)
    storage.partial.finish(KEY)
    storage.partial.discard(KEY)
    assert storage.partial.size_bytes(KEY) == 5
    assert b"".join(storage.partial.read(KEY)) == b"".join(storage.read(KEY)) == b"whole"


def test_unknown_partial_file_cannot_be_finished(storage):
    with pytest.raises(FileNotFoundError):
        storage.partial.finish(KEY)


def test_partial_file_survives_process(storage, tmp_path):
    growth = storage.partial.open(KEY)
    growth.append(b"kept")  # and never closed
    again = LocalStorage(tmp_path / "storage")
    again.open()
    assert [(file.key, file.size_bytes) for file in again.partial.unfinished()] == [(KEY, 4)]
    assert grow(again, KEY, b" on").size_bytes == 7
    growth.close()


def test_partial_file_can_be_truncated_and_discarded(storage):
    growth = storage.partial.open(KEY)
    growth.append(b"one two")
    growth.truncate(3)
    growth.append(b"!")
    growth.close()
    growth.close()
    assert b"".join(storage.partial.read(KEY)) == b"one!"
    storage.partial.discard(KEY)
    storage.partial.discard(KEY)
    assert storage.partial.size_bytes(KEY) == 0


def test_too_large_partial_file_is_rejected(storage):
    with pytest.raises(OutOfSpace, match="left"):
        storage.partial.open(KEY, expected_bytes=2**60)
    assert list(storage.partial.unfinished()) == []
