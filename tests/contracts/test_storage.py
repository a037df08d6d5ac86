"""What every storage does, whatever it keeps its bytes on."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from voxel51.server.errors import OutOfSpace
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


def test_what_was_written_is_read_back(storage):
    content = bytes(range(256)) * (CHUNK_BYTES // 100)
    put(storage, KEY, content)
    assert b"".join(storage.read(KEY)) == content
    assert storage.size_bytes(KEY) == len(content)


@pytest.mark.parametrize(("start", "length"), [(0, 1), (3, None), (5, 100), (9, 1), (10, 5), (0, 0)])
def test_a_part_is_read(storage, start, length):
    put(storage, KEY, b"0123456789")
    expected = b"0123456789"[start : None if length is None else start + length]
    assert b"".join(storage.read(KEY, start, length)) == expected


def test_an_empty_file_is_a_file(storage):
    put(storage, KEY, b"")
    assert b"".join(storage.read(KEY)) == b""
    assert storage.size_bytes(KEY) == 0


def test_nobody_sees_what_is_not_committed(storage):
    writer = storage.writer(KEY)
    writer.write(b"half")
    with pytest.raises(FileNotFoundError):
        storage.size_bytes(KEY)
    assert list(storage.files()) == []
    writer.abort()


def test_what_is_aborted_leaves_no_trace(storage, tmp_path):
    writer = storage.writer(KEY)
    writer.write(b"half")
    writer.abort()
    writer.abort()
    writer.commit()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_aborting_what_is_committed_changes_nothing(storage):
    writer = storage.writer(KEY)
    writer.write(b"whole")
    writer.commit()
    writer.abort()
    assert b"".join(storage.read(KEY)) == b"whole"


def test_a_deleted_file_is_gone_and_may_be_deleted_again(storage):
    put(storage, KEY, b"x")
    storage.delete(KEY)
    storage.delete(KEY)
    with pytest.raises(FileNotFoundError):
        storage.read(KEY)


def test_reading_goes_on_when_the_file_is_deleted(storage):
    put(storage, KEY, b"x" * (2 * CHUNK_BYTES))
    reader = storage.read(KEY)
    first = next(reader)
    storage.delete(KEY)
    assert len(first + b"".join(reader)) == 2 * CHUNK_BYTES


def test_every_file_is_listed_with_its_size_and_date(storage):
    put(storage, "data/aa11", b"1")
    put(storage, "outputs/bb22", b"22")
    found = {file.key: file for file in storage.files()}
    assert {key: file.size_bytes for key, file in found.items()} == {"data/aa11": 1, "outputs/bb22": 2}
    assert all(datetime.now(UTC) - file.modified_at < timedelta(minutes=1) for file in found.values())


def test_what_cannot_fit_is_refused_before_it_is_sent(storage):
    with pytest.raises(OutOfSpace, match="left"):
        storage.writer(KEY, expected_bytes=2**60)


def test_what_a_crash_left_half_written_is_cleared_when_opened(tmp_path):
    storage = LocalStorage(tmp_path / "storage")
    storage.open()
    abandoned = storage.writer(KEY)
    abandoned.write(b"half")
    LocalStorage(tmp_path / "storage").open()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    abandoned.abort()


def test_what_was_written_is_hashed_in_passing_and_may_be_synced_before_it_is_committed(storage):
    writer = storage.writer(KEY)
    writer.write(b"one ")
    writer.write(b"two")
    writer.sync()
    writer.commit()
    assert writer.sha256 == hashlib.sha256(b"one two").hexdigest()
    assert b"".join(storage.read(KEY)) == b"one two"


def test_syncing_what_is_aborted_changes_nothing(storage):
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


def test_a_file_grows_unseen_until_it_is_finished(storage):
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


def test_finishing_twice_is_finishing_once(storage):
    grow(storage, KEY, b"whole")
    storage.partial.finish(KEY)
    storage.partial.finish(KEY)
    storage.partial.discard(KEY)
    assert storage.partial.size_bytes(KEY) == 5
    assert b"".join(storage.partial.read(KEY)) == b"".join(storage.read(KEY)) == b"whole"


def test_what_never_began_cannot_be_finished(storage):
    with pytest.raises(FileNotFoundError):
        storage.partial.finish(KEY)


def test_what_has_grown_outlives_the_process_that_let_it_grow(storage, tmp_path):
    growth = storage.partial.open(KEY)
    growth.append(b"kept")  # and never closed
    again = LocalStorage(tmp_path / "storage")
    again.open()
    assert [(file.key, file.size_bytes) for file in again.partial.unfinished()] == [(KEY, 4)]
    assert grow(again, KEY, b" on").size_bytes == 7
    growth.close()


def test_what_has_grown_may_be_shortened_and_forgotten(storage):
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


def test_what_cannot_fit_does_not_begin_to_grow(storage):
    with pytest.raises(OutOfSpace, match="left"):
        storage.partial.open(KEY, expected_bytes=2**60)
    assert list(storage.partial.unfinished()) == []
