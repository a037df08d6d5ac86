"""Byte ranges and headers of downloads, on real files."""

import uuid
from dataclasses import replace

import pytest
from starlette.requests import Request

from voxel51.server.downloads import Download
from voxel51.server.errors import Lost
from voxel51.server.http.downloads import download_response
from voxel51.server.storage.local import LocalStorage


@pytest.fixture
def storage(tmp_path):
    storage = LocalStorage(tmp_path / "storage")
    storage.open()
    return storage


@pytest.fixture
def hello(storage):
    writer = storage.writer(f"data/{uuid.uuid4()}")
    writer.write(b"hello")
    writer.commit()
    return Download(writer.key, "hello.txt", "text/plain")


def head(hello, storage, **headers):
    raw = [(name.replace("_", "-").encode(), text.encode("latin-1")) for name, text in headers.items()]
    request = Request({"type": "http", "method": "HEAD", "path": "/", "query_string": b"", "headers": raw})
    return download_response(hello, storage, request)


@pytest.mark.parametrize("size_bytes", [4, 6, 10**12])
def test_file_of_another_size_than_recorded_is_lost(hello, storage, size_bytes):
    with pytest.raises(Lost, match=rf"'hello.txt' is damaged: it has 5 of {size_bytes} bytes"):
        head(replace(hello, size_bytes=size_bytes), storage)


def test_missing_file_is_lost(hello, storage):
    storage.delete(hello.key)

    with pytest.raises(Lost, match=r"'hello.txt' is missing"):
        head(hello, storage)


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 5000])
@pytest.mark.parametrize("form", ["bytes={}-", "bytes=0-{}", "bytes=-{}"])
def test_range_with_too_many_digits_is_ignored(hello, storage, form, digits):
    answer = head(hello, storage, range=form.format(digits))

    assert (answer.status_code, answer.headers["content-length"]) == (200, "5")


@pytest.mark.parametrize(
    ("wanted", "status", "length"),
    [
        ("bytes=1-2", 206, "2"),
        ("bytes=-2", 206, "2"),
        ("bytes=0-999999999999999999", 200, "5"),
        ("bytes=5-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=0-1,3-4", 200, "5"),
        ("lines=1-2", 200, "5"),
    ],
)
def test_single_byte_ranges_are_supported_and_others_ignored(hello, storage, wanted, status, length):
    answer = head(hello, storage, range=wanted)

    assert answer.status_code == status
    if length is not None:
        assert answer.headers["content-length"] == length
