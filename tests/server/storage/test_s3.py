"""Storage in a bucket: outages, wrong keys and missing buckets are not lost files."""

import hashlib
import os
from collections.abc import Iterator

import obstore
import pytest
from obstore.store import S3Store

from support.s3 import S3Server, running_s3
from voxel51.server.errors import Unavailable
from voxel51.server.storage.s3 import PART_BYTES, S3Storage
from voxel51.server.storage.storage import CHUNK_BYTES

KEY = "data/0a1b2c3d"


@pytest.fixture
def own_server() -> Iterator[S3Server]:
    """A server that the test may stop."""
    with running_s3() as server:
        yield server


def put(storage: S3Storage, content: bytes) -> None:
    writer = storage.writer(KEY)
    for start in range(0, len(content), CHUNK_BYTES):
        writer.write(content[start : start + CHUNK_BYTES])
    writer.commit()


def test_file_of_several_parts_is_read_back_in_chunks(s3: S3Server) -> None:
    storage = S3Storage(s3.bucket(s3.location()))
    content = os.urandom(2 * PART_BYTES + 12_345)

    put(storage, content)

    chunks = list(storage.read(KEY))
    assert hashlib.sha256(b"".join(chunks)).hexdigest() == hashlib.sha256(content).hexdigest()
    assert max(map(len, chunks)) <= CHUNK_BYTES
    middle = PART_BYTES - 7
    assert b"".join(storage.read(KEY, middle, 1000)) == content[middle : middle + 1000]


def test_store_that_is_away_is_unavailable_and_loses_nothing(own_server: S3Server) -> None:
    bucket = own_server.bucket(own_server.location())
    storage = S3Storage(bucket)
    put(storage, b"kept")
    growing = storage.partial.open("data/1b2c3d4e")
    growing.append(b"one ")
    writer = storage.writer("data/2c3d4e5f")
    writer.write(b"half")
    own_server.stop()

    for use in (
        lambda: storage.read(KEY),
        lambda: storage.info(KEY),
        lambda: [*storage.files()],
        lambda: growing.append(b"two"),
        writer.commit,
    ):
        with pytest.raises(Unavailable, match="storage of the platform cannot be used"):
            use()
    assert not storage.delete(KEY)

    own_server.start()
    assert b"".join(storage.read(KEY)) == b"kept"
    assert storage.partial.size_bytes("data/1b2c3d4e") == 4
    growing.append(b"two")
    storage.partial.finish("data/1b2c3d4e")
    assert b"".join(storage.read("data/1b2c3d4e")) == b"one two"
    with pytest.raises(FileNotFoundError):
        storage.read("data/2c3d4e5f")


def test_wrong_keys_and_missing_buckets_are_not_missing_files(s3: S3Server) -> None:
    common = {"endpoint": s3.endpoint, "access_key_id": "tests", "region": "us-east-1"}
    client = {"client_options": {"allow_http": True}}
    wrong = S3Storage(S3Store("tests", secret_access_key="wrong", **common, **client))
    missing = S3Storage(S3Store("absent", secret_access_key="secret-of-the-tests", **common, **client))

    for storage in (wrong, missing):
        with pytest.raises(Unavailable):
            storage.open()
        with pytest.raises(Unavailable):
            storage.read(KEY)


def test_files_below_another_prefix_are_not_seen(s3: S3Server) -> None:
    first, second = (S3Storage(s3.bucket(s3.location())) for _ in range(2))
    put(first, b"first")

    assert [*second.files()] == []
    with pytest.raises(FileNotFoundError):
        second.read(KEY)


def test_truncated_pieces_are_joined(s3: S3Server) -> None:
    bucket = s3.bucket(s3.location())
    storage = S3Storage(bucket)
    growing = storage.partial.open(KEY)
    for piece in (b"abc", b"def", b"ghi"):
        growing.append(piece)

    growing.truncate(4)
    growing.append(b"Z")
    storage.partial.finish(KEY)

    assert b"".join(storage.read(KEY)) == b"abcdZ"
    assert [found["path"] for page in obstore.list(bucket) for found in page] == [KEY]
