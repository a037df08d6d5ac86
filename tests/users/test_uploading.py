"""Uploads to platforms without resumable uploads, and rejected uploads."""

from pathlib import Path

import pytest

from support.loopback_server import Loopback, Received, Reply
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.uploading import LARGE_BYTES

RECORD = {"id": "d1", "name": "large.bin", "size": LARGE_BYTES}


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(LARGE_BYTES))
    return path


@pytest.mark.parametrize("status", [404, 405])
def test_without_resumable_uploads_the_file_is_sent_as_a_form(loopback: Loopback, large: Path, status: int) -> None:
    def choose(request: Received) -> Reply:
        return Reply.error(status, "no") if request.path == "/v1/data/uploads" else Reply.of({"data": RECORD}, 201)

    loopback.choose = choose
    with API(token=Token.from_private_key("key", loopback.url)) as api:
        assert api.upload_data(large) == RECORD

    assert [request.path for request in loopback.requests] == ["/v1/data/uploads", "/v1/data"]
    assert loopback.last.size_bytes > LARGE_BYTES


def test_a_rejected_upload_is_not_sent_as_a_form(loopback: Loopback, large: Path) -> None:
    loopback.reply(Reply.error(413, "too large for us"))
    with (
        API(token=Token.from_private_key("key", loopback.url)) as api,
        pytest.raises(APIError, match="too large for us"),
    ):
        api.upload_data(large)

    assert len(loopback.requests) == 1
