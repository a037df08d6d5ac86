"""Resumable uploads by a third-party client, while connections are cut and the platform is killed."""

import hashlib
import os
import random
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.cutting_proxy import CuttingProxy
from support.platforms import StartPlatform
from support.stored_files import orphans, stored_keys
from support.waiting import LIMIT_SECONDS

MIB = 1024 * 1024
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(os.urandom(24 * MIB + 7))
    return path


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def assert_arrived(user: User, url: str, path: Path) -> None:
    """Assert that the upload at ``url`` is finished, and that the data equals the file ``path`` byte by byte."""
    headers = requests.head(url, headers={**user.headers, **TUS}, timeout=LIMIT_SECONDS).headers
    data_id = headers["X-Voxel51-Data-Id"]
    record = requests.get(f"{user.v1}/data/{data_id}", headers=user.headers, timeout=LIMIT_SECONDS).json()["data"]
    download = requests.get(f"{user.v1}/data/{data_id}/download", headers=user.headers, timeout=LIMIT_SECONDS)
    assert record["size"] == path.stat().st_size
    assert record["sha256"] == sha256_of(path) == hashlib.sha256(download.content).hexdigest()
    assert headers["Repr-Digest"] == download.headers["Repr-Digest"]


def upload_stubbornly(client: TusClient, path: Path, chunk_bytes: int) -> str:
    """Upload with tuspy, resuming until it is done; return the address of the upload."""
    url = None
    about = {"chunk_size": chunk_bytes, "metadata": {"filename": path.name}}
    with path.open("rb") as file:
        for _ in range(200):
            try:
                uploader = client.uploader(file_stream=file, url=url, **about)
                if url is not None:
                    uploader.upload()
                    return url
                url = uploader.create_url()
            except (TusCommunicationError, TusUploadFailed, requests.ConnectionError):
                time.sleep(0.05)  # the platform may be starting
    raise AssertionError("the upload did not complete")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_uploads_cut_at_random_bytes_arrive_complete(
    platform: PlatformProcess, tmp_path: Path, video: Path, seed: int
) -> None:
    user = User.create(platform, tmp_path)
    with CuttingProxy(platform.url, seed, most_bytes=5 * MIB, most_cuts=15) as proxy:
        client = TusClient(f"{proxy.url}/v1/data/uploads", headers=user.headers)
        url = upload_stubbornly(client, video, chunk_bytes=9 * MIB)

        assert proxy.cuts >= 5
    assert_arrived(user, url.replace(proxy.url, platform.url), video)


@pytest.mark.parametrize("seed", [1, 2])
def test_uploads_continue_after_the_platform_was_killed(
    start_platform: StartPlatform, tmp_path: Path, video: Path, seed: int
) -> None:
    own = start_platform()
    user = User.create(own, tmp_path)
    restarting = threading.Lock()

    def kill_and_start() -> None:
        with restarting:
            own.kill()
            own.start()

    with CuttingProxy(own.url, seed, 6 * MIB, most_cuts=3, on_cut=kill_and_start) as proxy:
        client = TusClient(f"{proxy.url}/v1/data/uploads", headers=user.headers)
        url = upload_stubbornly(client, video, chunk_bytes=30 * MIB)
        with restarting:
            assert proxy.cuts == 3
    assert_arrived(user, url.replace(proxy.url, own.url), video)
    own.stop()
    assert len(stored_keys(own.folder)) == 1
    assert orphans(own.folder) == []


def test_upload_becomes_data_once_when_killed_at_any_moment_of_finishing(
    start_platform: StartPlatform, tmp_path: Path
) -> None:
    own = start_platform()
    user = User.create(own, tmp_path)
    content = os.urandom(3 * MIB)
    chance = random.Random(51)
    urls = []
    for _ in range(2):
        headers = {**user.headers, **TUS, "Upload-Length": str(len(content))}
        url = (
            own.url
            + requests.post(f"{user.v1}/data/uploads", headers=headers, timeout=LIMIT_SECONDS).headers["Location"]
        )
        urls.append(url)
        killer = threading.Timer(chance.uniform(0, 0.02), own.kill)
        headers = {**user.headers, **TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        killer.start()
        with suppress(requests.ConnectionError):
            requests.patch(url, data=content, headers=headers, timeout=LIMIT_SECONDS)
        killer.join()
        own.start()
    for url in urls:
        offset = requests.head(url, headers={**user.headers, **TUS}, timeout=LIMIT_SECONDS).headers["Upload-Offset"]
        headers = {**user.headers, **TUS, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream"}
        answer = requests.patch(url, data=content[int(offset) :], headers=headers, timeout=LIMIT_SECONDS)
        assert answer.status_code == 204, answer.text
    ids = {
        requests.head(url, headers={**user.headers, **TUS}, timeout=LIMIT_SECONDS).headers["X-Voxel51-Data-Id"]
        for url in urls
    }
    listed = requests.get(f"{user.v1}/data/list", headers=user.headers, timeout=LIMIT_SECONDS).json()["data"]
    assert {record["id"] for record in listed} == ids
    own.stop()
    assert [size for key, size in stored_keys(own.folder).items()] == [len(content)]
    assert orphans(own.folder) == []
