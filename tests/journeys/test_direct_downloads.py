"""Downloads straight from the S3 store, by short-lived links of the platform."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import obstore
import pytest
import requests
from obstore.store import S3Store

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.cutting_proxy import CuttingProxy
from support.s3 import SECRET_KEY, S3Server
from support.store_platforms import store_platform
from support.submissions import post_data
from support.waiting import LIMIT_SECONDS
from voxel51.transport.errors import Damaged
from voxel51.users.api import API
from voxel51.users.async_api import AsyncAPI
from voxel51.users.auth import Token

CONTENT_BYTES = 20 * 1024 * 1024
DIRECT = {"X-Voxel51-Direct": "true"}
NAME = 'Straße "7"; 50%.mp4'


@dataclass(frozen=True)
class Stored:
    """A file on a platform whose clients reach its store at ``store``."""

    platform: PlatformProcess
    user: User
    data_id: str
    content: bytes
    store: CuttingProxy
    bucket: S3Store

    def ask(self, **headers: str) -> requests.Response:
        url = f"{self.user.v1}/data/{self.data_id}/download"
        return requests.get(
            url, headers={**self.user.headers, **headers}, timeout=LIMIT_SECONDS, allow_redirects=False, stream=True
        )

    def save(self, path: Path) -> int:
        """Download with the client; return the bytes that came through the proxy of the store."""
        before = self.store.passed_bytes
        with API(token=Token.from_json(str(self.user.token))) as api:
            api.download_data(self.data_id, str(path))
        return self.store.passed_bytes - before


@contextmanager
def _stored(s3: S3Server, folder: Path, **settings: str) -> Iterator[Stored]:
    with store_platform(s3, folder, **settings) as own:
        path = folder / NAME
        path.write_bytes(os.urandom(CONTENT_BYTES))
        data_id = post_data(own.user.v1, own.user.headers, path)
        yield Stored(own.platform, own.user, data_id, path.read_bytes(), own.store, own.bucket)


@pytest.fixture(scope="module")
def file(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    with _stored(s3, tmp_path_factory.mktemp("direct")) as stored:
        yield stored


def test_client_gets_the_file_from_the_store_and_others_through_the_platform(file: Stored, tmp_path: Path) -> None:
    before = file.store.passed_bytes

    plain = file.ask()

    assert plain.status_code == 200, "an old client was redirected"
    assert plain.content == file.content
    assert file.store.passed_bytes == before
    assert file.save(tmp_path / "copy") > CONTENT_BYTES
    assert (tmp_path / "copy").read_bytes() == file.content


def test_link_has_name_and_ranges_and_expires(s3: S3Server, tmp_path: Path) -> None:
    with _stored(s3, tmp_path, VOXEL51_SERVER_STORAGE_LINK_SECONDS="5") as file:
        _check_link(file)


def _check_link(file: Stored) -> None:
    offered = file.ask(**DIRECT)

    assert (offered.status_code, offered.headers["Cache-Control"]) == (307, "no-store")
    link = offered.headers["Location"]
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["5"]
    assert SECRET_KEY not in link
    assert "Repr-Digest" in offered.headers
    part = requests.get(link, headers={"Range": "bytes=5-9"}, timeout=LIMIT_SECONDS)
    assert (part.status_code, part.content) == (206, file.content[5:10])
    assert part.headers["Content-Disposition"] == file.ask().headers["Content-Disposition"]
    assert part.headers["Content-Type"] == "video/mp4"
    for method in ("PUT", "DELETE"):
        assert requests.request(method, link, timeout=LIMIT_SECONDS).status_code == 403
    time.sleep(5.5)
    assert requests.get(link, timeout=LIMIT_SECONDS).status_code == 403


def test_link_is_refused_to_other_users(file: Stored, tmp_path: Path) -> None:
    other = User.create(file.platform, tmp_path)
    url = f"{other.v1}/data/{file.data_id}/download"

    for headers in ({}, other.headers):
        answer = requests.get(url, headers={**headers, **DIRECT}, timeout=LIMIT_SECONDS, allow_redirects=False)
        assert answer.status_code in {401, 404}
        assert "Location" not in answer.headers


def test_browser_asks_by_a_parameter_of_the_signed_link(file: Stored) -> None:
    signed = requests.get(
        f"{file.user.v1}/data/{file.data_id}/download-url", headers=file.user.headers, timeout=LIMIT_SECONDS
    ).json()["url"]

    answer = requests.get(f"{signed}&direct=true", timeout=LIMIT_SECONDS)

    assert [each.status_code for each in answer.history] == [307]
    assert answer.content == file.content


def test_download_continues_after_cuts_of_the_store(file: Stored, tmp_path: Path) -> None:
    cuts = file.store.cuts
    file.store.cut_more(3)

    passed = file.save(tmp_path / "copy")

    assert file.store.cuts >= cuts + 3, "ranges come at the same time, so a fourth may be cut"
    assert (tmp_path / "copy").read_bytes() == file.content
    assert passed < 1.2 * CONTENT_BYTES, "bytes that had arrived were sent again"


def test_store_out_of_reach_of_the_client_is_bypassed(file: Stored, tmp_path: Path) -> None:
    file.store.refuses = True
    try:
        assert file.save(tmp_path / "copy") == 0
    finally:
        file.store.refuses = False
    assert (tmp_path / "copy").read_bytes() == file.content


def test_damaged_file_of_the_store_is_refused(file: Stored, tmp_path: Path) -> None:
    path = tmp_path / "damaged.bin"
    path.write_bytes(b"x" * 1_000_000)
    data_id = post_data(file.user.v1, file.user.headers, path)
    found = [each for page in obstore.list(file.bucket, "data") for each in page]
    key = next(each["path"] for each in found if each["size"] == 1_000_000)
    obstore.put(file.bucket, key, bytes(1_000_000))

    with pytest.raises(Damaged):
        replace(file, data_id=data_id).save(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_async_client_downloads_from_the_store(file: Stored, tmp_path: Path) -> None:
    async def save() -> None:
        async with AsyncAPI(token=Token.from_json(str(file.user.token))) as api:
            await api.download_data(file.data_id, str(tmp_path / "copy"))

    before = file.store.passed_bytes
    asyncio.run(save())

    assert file.store.passed_bytes - before > CONTENT_BYTES
    assert (tmp_path / "copy").read_bytes() == file.content
