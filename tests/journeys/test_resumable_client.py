"""Resumable transfers of the client: they continue after cuts, and after restarts of platform or script."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http import HTTPStatus
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.cutting_proxy import CuttingProxy
from support.platforms import StartPlatform
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.users.auth import Token

MIB = 1024 * 1024
SIZE_BYTES = 40 * MIB + 13


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(os.urandom(SIZE_BYTES))
    return path


def api_of(user: User, url: str) -> API:
    return API(token=Token.from_private_key(user.key, url))


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def remembered(home: Path) -> list[Path]:
    return list((home / ".voxel51" / "uploads").glob("*"))


@pytest.mark.parametrize("seed", [1, 2])
def test_transfers_cut_at_random_bytes_arrive_complete_in_both_directions(
    platform: PlatformProcess, tmp_path: Path, home: Path, video: Path, seed: int
) -> None:
    user = User.create(platform, tmp_path)
    seen: list[int] = []
    with CuttingProxy(platform.url, seed, 15 * MIB, most_cuts=8) as proxy, api_of(user, proxy.url) as api:
        record = api.upload_data(video, progress=lambda sent, total: seen.append(sent))
        assert proxy.cuts >= 2
    with CuttingProxy(platform.url, seed, 15 * MIB, most_cuts=6) as proxy, api_of(user, proxy.url) as api:
        details = api.get_data_details(record["id"])
        path = api.download_data(record["id"], tmp_path / "new" / "copy.mp4")
        assert proxy.cuts >= 2

    assert (record["name"], record["size"], len(record)) == ("video.mp4", SIZE_BYTES, 7)
    assert details["sha256"] == sha256_of(video) == sha256_of(Path(path))
    assert list((tmp_path / "new").iterdir()) == [tmp_path / "new" / "copy.mp4"]
    assert seen[-1] == SIZE_BYTES
    assert remembered(home) == []


def test_upload_and_download_continue_after_the_platform_was_killed(
    start_platform: StartPlatform, tmp_path: Path, home: Path, video: Path
) -> None:
    own = start_platform()
    user = User.create(own, tmp_path)
    restarting = threading.Lock()

    def kill_and_start() -> None:
        with restarting:
            own.kill()
            own.start()

    with (
        CuttingProxy(own.url, 5, 20 * MIB, most_cuts=1, on_cut=kill_and_start) as proxy,
        api_of(user, proxy.url) as api,
    ):
        record = api.upload_data(video)
    with (
        CuttingProxy(own.url, 5, 20 * MIB, most_cuts=1, on_cut=kill_and_start) as proxy,
        api_of(user, proxy.url) as api,
    ):
        path = api.download_data(record["id"], tmp_path / "copy.mp4")
        with restarting:
            assert proxy.cuts == 1

    assert sha256_of(Path(path)) == sha256_of(video)


SCRIPT = """
import sys
from voxel51.users.api import API
from voxel51.users.auth import Token
key, url, what, source, target = sys.argv[1:]
with API(token=Token.from_private_key(key, url)) as api:
    if what == "upload":
        print(api.upload_data(source)["id"])
    else:
        print(api.download_data(source, target))
"""


def start_script(user: User, url: str, what: str, source: str, target: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", SCRIPT, user.key, url, what, source, target]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def kill_when_it_has(process: subprocess.Popen[str], proxy: CuttingProxy, passed_bytes: int) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while proxy.passed_bytes < passed_bytes:
        assert time.monotonic() < deadline, "it never got so far"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def kept_bytes(user: User, platform: PlatformProcess, record: Path) -> int:
    """Return the number of bytes that the platform has stored of an upload that the client remembers."""
    url = upload_url(platform, record)
    response = requests.head(url, headers={**user.headers, "Tus-Resumable": "1.0.0"}, timeout=LIMIT_SECONDS)
    return int(response.headers["Upload-Offset"])


def is_free(user: User, platform: PlatformProcess, record: Path) -> bool:
    """Return whether no request sends bytes of the upload any more. Until then, the platform refuses further bytes."""
    headers = {
        **user.headers,
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": str(kept_bytes(user, platform, record)),
        "Content-Type": "application/offset+octet-stream",
    }
    response = requests.patch(upload_url(platform, record), b"", headers=headers, timeout=LIMIT_SECONDS)
    return response.status_code == HTTPStatus.NO_CONTENT


def upload_url(platform: PlatformProcess, record: Path) -> str:
    """Return the address of an upload that the client remembers."""
    return f"{platform.url}/v1/data/uploads/{json.loads(record.read_text())['upload_id']}"


def test_killed_script_continues_its_upload(platform: PlatformProcess, tmp_path: Path, home: Path, video: Path) -> None:
    user = User.create(platform, tmp_path)
    target = tmp_path / "copy.mp4"
    with CuttingProxy(platform.url, 1, 1, most_cuts=0, stall_bytes=22 * MIB) as proxy:
        first = start_script(user, proxy.url, "upload", str(video), "")
        kill_when_it_has(first, proxy, 22 * MIB)
        [note] = remembered(home)
        assert (note.stat().st_mode & 0o777, user.key in note.read_text()) == (0o600, False)
        # A loaded platform may still be storing what the proxy has passed on.
        wait_until(lambda: kept_bytes(user, platform, note) >= 21 * MIB)
        proxy.end_stall()
        wait_until(lambda: is_free(user, platform, note))
        before = proxy.passed_bytes
        second = start_script(user, proxy.url, "upload", str(video), "")
        data_id = second.communicate(timeout=LIMIT_SECONDS)[0].strip()
        assert proxy.passed_bytes - before < SIZE_BYTES - 15 * MIB
        assert remembered(home) == []

        proxy.stall_bytes = 22 * MIB
        third = start_script(user, proxy.url, "download", data_id, str(target))
        kill_when_it_has(third, proxy, proxy.passed_bytes + 20 * MIB)
        assert not target.exists()
        proxy.stall_bytes = None
        before = proxy.passed_bytes
        fourth = start_script(user, proxy.url, "download", data_id, str(target))
        assert fourth.communicate(timeout=LIMIT_SECONDS)[0].strip() == str(target)
        assert proxy.passed_bytes - before < SIZE_BYTES - 8 * MIB

    assert sha256_of(target) == sha256_of(video)
    assert [path.name for path in tmp_path.glob(".voxel51*")] == []


def test_open_files_and_many_files_at_once(platform: PlatformProcess, tmp_path: Path, home: Path) -> None:
    user = User.create(platform, tmp_path)
    content = os.urandom(17 * MIB)
    (tmp_path / "large.bin").write_bytes(content)
    (tmp_path / "small.bin").write_bytes(b"small")
    with api_of(user, platform.url) as api, (tmp_path / "large.bin").open("rb") as file:
        file.seek(MIB)
        records = api.upload_data([tmp_path / "small.bin", str(tmp_path / "large.bin"), file, io.BytesIO(b"in memory")])
        details = [api.get_data_details(record["id"]) for record in records]

        assert api.upload_data([]) == []
        with pytest.raises(TypeError, match="binary"):
            api.upload_data(io.StringIO("text"))
    assert [record["name"] for record in details] == ["small.bin", "large.bin", "large.bin", "file"]
    expected = [b"small", content, content[MIB:], b"in memory"]
    assert [record["sha256"] for record in details] == [hashlib.sha256(each).hexdigest() for each in expected]


def test_pipe_is_uploaded(platform: PlatformProcess, tmp_path: Path, home: Path) -> None:
    user = User.create(platform, tmp_path)
    with api_of(user, platform.url) as api:
        with subprocess.Popen(["/bin/echo", "piped"], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            record = api.upload_data(process.stdout)
        assert record["size"] == 6


@pytest.mark.parametrize("size_bytes", [5, 17 * MIB])
def test_verification_compares_with_the_local_file(
    platform: PlatformProcess, tmp_path: Path, home: Path, size_bytes: int
) -> None:
    user = User.create(platform, tmp_path)
    with api_of(user, platform.url) as api:
        (tmp_path / "a.bin").write_bytes(os.urandom(size_bytes))
        good = api.upload_data(tmp_path / "a.bin", verify=True)

        changing = _Changing(size_bytes)
        with pytest.raises(APIError, match="SHA-256"):
            api.upload_data(changing, verify=True)
        assert [record["id"] for record in api.list_data()] == [good["id"]]


class _Changing(io.BytesIO):
    """File whose content differs each time it is read from its start."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(bytes(size_bytes))

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() == 0:
            self.getbuffer()[:5] = os.urandom(5)
        return super().read(size)


def test_lifetime_and_refusals_reach_the_caller(
    platform: PlatformProcess, tmp_path: Path, home: Path, video: Path
) -> None:
    user = User.create(platform, tmp_path)
    with api_of(user, platform.url) as api:
        assert api.upload_data(video, "2099-01-01")["expiration_date"].startswith("2099-01-01")
        with pytest.raises(APIError, match="past"):
            api.upload_data(video, "2000-01-01")
        api.delete_data(api.list_data()[0]["id"])
        assert requests.get(f"{user.v1}/data", headers=user.headers, timeout=LIMIT_SECONDS).json()["count"] == 0
