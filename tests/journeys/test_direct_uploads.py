"""Uploads straight to the S3 store: in parts, at the same time, resumed after faults, and hashed by the platform."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest
import requests
from botocore.config import Config
from botocore.session import Session

from support.accounts import User
from support.failing_proxy import FailingProxy
from support.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server
from support.store_platforms import StorePlatform, store_platform
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.users.api import API
from voxel51.users.async_api import AsyncAPI
from voxel51.users.auth import Token

MIB = 1024 * 1024
QUOTA_BYTES = 150 * MIB
TUS = {"Tus-Resumable": "1.0.0"}
UPLOAD = """
import sys
from voxel51.users.api import API
from voxel51.users.auth import Token
with API(token=Token.from_json(sys.argv[1])) as api:
    print(api.upload_data(sys.argv[2])["id"])
"""


@pytest.fixture(scope="module")
def own(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorePlatform]:
    settings = {"VOXEL51_SERVER_USER_BYTES": str(QUOTA_BYTES), "VOXEL51_SERVER_PREPARE_RENDITIONS": "false"}
    with store_platform(s3, tmp_path_factory.mktemp("direct"), **settings) as platform:
        yield platform


@pytest.fixture
def user(own: StorePlatform, tmp_path: Path) -> User:
    return User.create(own.platform, tmp_path)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(os.urandom(40 * MIB + 12345))
    return path


def upload(user: User, path: Path, **options: Any) -> dict[str, Any]:
    with API(token=Token.from_json(str(user.token))) as api:
        return dict(api.upload_data(str(path), **options))


def details(user: User, data_id: str) -> dict[str, Any]:
    found = requests.get(f"{user.v1}/data/{data_id}", headers=user.headers, timeout=LIMIT_SECONDS)
    return dict(found.json()["data"])


def check_stored(user: User, data_id: str, path: Path) -> None:
    """Assert that the data has the bytes of ``path``, and that the platform computes their hash."""
    answer = requests.get(f"{user.v1}/data/{data_id}/download", headers=user.headers, timeout=LIMIT_SECONDS)
    assert answer.content == path.read_bytes()
    wait_until(lambda: details(user, data_id)["sha256"] is not None, "the file was never hashed")
    assert details(user, data_id)["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def begin(user: User, size_bytes: int, **headers: str) -> requests.Response:
    announced = {
        "Upload-Length": str(size_bytes),
        "Upload-Metadata": "filename dmlkZW8ubXA0",
        "X-Voxel51-Direct": "true",
    }
    return requests.post(
        f"{user.v1}/data/uploads", headers={**user.headers, **TUS, **announced, **headers}, timeout=LIMIT_SECONDS
    )


def begun(user: User, size_bytes: int) -> str:
    """Begin an upload; return its URL."""
    answer = begin(user, size_bytes)
    assert answer.status_code == 201, answer.text
    assert answer.headers["X-Voxel51-Part-Bytes"] == str(16 * MIB)
    return f"{user.v1}/data/uploads/{answer.headers['Location'].rpartition('/')[2]}"


def parts(user: User, url: str, links: int = 16) -> dict[str, Any]:
    answer = requests.get(f"{url}/parts?links={links}", headers=user.headers, timeout=LIMIT_SECONDS)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def complete(user: User, url: str) -> requests.Response:
    return requests.post(f"{url}/complete", headers=user.headers, timeout=LIMIT_SECONDS)


def unfinished(s3: S3Server) -> set[str]:
    """Return the keys of unfinished uploads in the store."""
    client = Session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=s3.endpoint,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(s3={"addressing_style": "path"}),
    )
    return {each["Key"] for each in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])}


def test_parts_go_to_the_store_and_the_platform_hashes_the_file(own: StorePlatform, user: User, video: Path) -> None:
    before, seen = own.store.passed_bytes, []

    record = upload(user, video, progress=lambda sent, total: seen.append((sent, total)))

    size = video.stat().st_size
    assert record["size"] == size
    assert own.store.passed_bytes - before > size
    assert max(seen) == (size, size)
    check_stored(user, record["id"], video)


def test_verified_upload_compares_the_hash(user: User, video: Path) -> None:
    record = upload(user, video, verify=True)
    assert details(user, record["id"])["sha256"] is not None, "the client did not wait for the hash"


def test_async_client_sends_parts_to_the_store(own: StorePlatform, user: User, video: Path) -> None:
    before = own.store.passed_bytes

    async def send() -> str:
        async with AsyncAPI(token=Token.from_json(str(user.token))) as api:
            return str((await api.upload_data(str(video)))["id"])

    data_id = asyncio.run(send())

    assert own.store.passed_bytes - before > video.stat().st_size
    check_stored(user, data_id, video)


def test_same_bytes_are_stored_once_after_they_were_hashed(own: StorePlatform, user: User, video: Path) -> None:
    before = _stored_files(own)

    first, second = (upload(user, video, verify=True)["id"] for _ in range(2))

    wait_until(lambda: _stored_files(own) == before + 1, "the same bytes are stored twice")
    for data_id in (first, second):
        check_stored(user, data_id, video)


def _stored_files(own: StorePlatform) -> int:
    return sum(len(page) for page in obstore.list(own.bucket, "data"))


def test_upload_goes_on_after_cut_connections(own: StorePlatform, user: User, video: Path) -> None:
    before, cuts = own.store.passed_bytes, own.store.cuts
    own.store.cut_more(4)

    record = upload(user, video)

    assert own.store.cuts >= cuts + 4
    assert own.store.passed_bytes - before < 2.2 * video.stat().st_size
    check_stored(user, record["id"], video)


def test_store_out_of_reach_of_the_client_is_bypassed(
    own: StorePlatform, user: User, video: Path, s3: S3Server
) -> None:
    own.store.refuses = True
    before, others = own.store.passed_bytes, unfinished(s3)
    try:
        record = upload(user, video)
    finally:
        own.store.refuses = False
    assert own.store.passed_bytes == before
    check_stored(user, record["id"], video)
    wait_until(lambda: unfinished(s3) <= others, "the abandoned upload is still in the store")


def test_upload_continues_after_the_client_was_killed(
    own: StorePlatform, user: User, video: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    command = [sys.executable, "-c", UPLOAD, str(user.token), str(video)]
    before = own.store.passed_bytes
    client = subprocess.Popen(command)
    wait_until(lambda: own.store.passed_bytes - before > 24 * MIB or client.poll() is not None, "nothing was sent")
    client.send_signal(signal.SIGKILL)
    client.wait()

    again = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True)

    check_stored(user, again.stdout.strip(), video)
    assert not list((tmp_path / ".voxel51" / "uploads").glob("*.json"))


def test_upload_goes_on_after_the_platform_was_killed(own: StorePlatform, user: User, video: Path) -> None:
    before = own.store.passed_bytes

    def kill() -> None:
        wait_until(lambda: own.store.passed_bytes - before > MIB, "nothing was sent")
        own.platform.kill()
        own.platform.start()

    killing = threading.Thread(target=kill)
    killing.start()
    record = upload(user, video)
    killing.join()
    check_stored(user, record["id"], video)


def test_failures_and_slowness_of_the_store_are_survived(s3: S3Server, tmp_path: Path, video: Path) -> None:
    with (
        FailingProxy(s3.endpoint, failures=3, pause_seconds=0.3) as proxy,
        store_platform(s3, tmp_path, VOXEL51_SERVER_STORAGE_PUBLIC_ENDPOINT=proxy.url) as own,
    ):
        record = upload(own.user, video)

        assert proxy.failed == 3
        check_stored(own.user, record["id"], video)


def test_link_takes_one_part_of_one_size_for_a_short_time(s3: S3Server, tmp_path: Path) -> None:
    with store_platform(s3, tmp_path, VOXEL51_SERVER_STORAGE_LINK_SECONDS="4") as own:
        user, size = own.user, 20 * MIB
        url = begun(user, size)
        state = parts(user, url)
        assert (state["missing"], [link["size"] for link in state["links"]]) == (2, [16 * MIB, 4 * MIB])
        last = state["links"][1]["url"]
        assert SECRET_KEY not in last

        assert requests.put(last, data=bytes(4 * MIB + 1), timeout=LIMIT_SECONDS).status_code == 403
        assert requests.put(last, data=bytes(4 * MIB), timeout=LIMIT_SECONDS).status_code == 200
        assert parts(user, url)["missing"] == 1
        assert complete(user, url).status_code == 409
        time.sleep(4.5)
        assert requests.put(last, data=bytes(4 * MIB), timeout=LIMIT_SECONDS).status_code == 403


def test_completing_twice_makes_one_record_and_ends_the_upload(user: User) -> None:
    url = begun(user, 2 * MIB)
    link = parts(user, url)["links"][0]["url"]
    requests.put(link, data=bytes(2 * MIB), timeout=LIMIT_SECONDS).raise_for_status()

    answers = [complete(user, url) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    listed = requests.get(f"{user.v1}/data/list", headers=user.headers, timeout=LIMIT_SECONDS).json()["data"]
    assert len(listed) == 1
    assert requests.put(link, data=b"x" * (2 * MIB), timeout=LIMIT_SECONDS).status_code == 404
    assert requests.get(f"{url}/parts", headers=user.headers, timeout=LIMIT_SECONDS).status_code == 409
    patch = {**user.headers, **TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert requests.patch(url, data=b"x", headers=patch, timeout=LIMIT_SECONDS).status_code == 409


def test_upload_of_another_user_is_not_found(own: StorePlatform, user: User, tmp_path: Path) -> None:
    url = begun(user, 2 * MIB)
    other = User.create(own.platform, tmp_path)
    assert requests.get(f"{url}/parts", headers=other.headers, timeout=LIMIT_SECONDS).status_code == 404
    assert complete(other, url).status_code == 404
    assert requests.get(f"{url}/parts", timeout=LIMIT_SECONDS).status_code == 401


def test_quota_and_limits_hold_before_anything_is_sent(user: User) -> None:
    begun(user, QUOTA_BYTES - MIB)
    assert begin(user, 2 * MIB).status_code == 507
    assert begin(user, 2**50).status_code == 413


def test_deleted_upload_leaves_no_parts(user: User, s3: S3Server) -> None:
    others = unfinished(s3)
    url = begun(user, 20 * MIB)
    link = parts(user, url)["links"][1]
    requests.put(link["url"], data=bytes(link["size"]), timeout=LIMIT_SECONDS).raise_for_status()
    assert unfinished(s3) > others

    assert requests.delete(url, headers={**user.headers, **TUS}, timeout=LIMIT_SECONDS).status_code == 204

    wait_until(lambda: unfinished(s3) <= others, "parts are left in the store")
    assert requests.put(link["url"], data=bytes(link["size"]), timeout=LIMIT_SECONDS).status_code == 404


def test_announced_hash_and_small_files_pass_the_platform(user: User) -> None:
    digest = {"Repr-Digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}
    for answer in (begin(user, 2 * MIB, **digest), begin(user, 1000)):
        assert answer.status_code == 201
        assert "X-Voxel51-Part-Bytes" not in answer.headers
