"""Contract of every storage: files, and partial files."""

import fcntl
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from voxel51.server.storage.local import LocalStorage
from voxel51.server.storage.local_partial import LocalPartialFile
from voxel51.server.storage.storage import CHUNK_BYTES, Storage

KEY = "data/0a1b2c3d"


@pytest.fixture(params=["local", "s3"])
def reopen(request, tmp_path) -> Callable[[], Storage]:
    """Open the storage, as each new process does."""
    if request.param == "local":
        make = lambda: LocalStorage(tmp_path / "storage")  # noqa: E731  (as short as it gets)
    else:
        from voxel51.server.storage.s3 import S3Storage

        server = request.getfixturevalue("s3")
        location = server.location()
        make = lambda: S3Storage(server.bucket(location))  # noqa: E731  (as short as it gets)

    def open_again() -> Storage:
        storage = make()
        storage.open()
        return storage

    return open_again


@pytest.fixture
def storage(reopen):
    return reopen()


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


def test_aborted_file_leaves_no_trace(storage, reopen):
    writer = storage.writer(KEY)
    writer.write(b"half")
    writer.abort()
    writer.abort()
    writer.commit()
    assert [*reopen().files()] == []
    with pytest.raises(FileNotFoundError):
        storage.read(KEY)


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


def test_file_that_cannot_be_restored_is_unchanged(storage):
    put(storage, KEY, b"present")
    with pytest.raises(FileNotFoundError):
        storage.restore(KEY, "data/1b2c3d4e")
    assert b"".join(storage.read(KEY)) == b"present"


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


def die(growth):
    """Release what the kernel releases when the process of an open partial file dies."""
    if isinstance(growth, LocalPartialFile):
        fcntl.flock(growth._descriptor, fcntl.LOCK_UN)


def test_partial_file_survives_process(storage, reopen):
    growth = storage.partial.open(KEY)
    growth.append(b"kept")  # and never closed
    die(growth)
    again = reopen()
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
