"""Data in place: files of a folder and of a bucket become data without being copied, and follow their files."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import obstore
import pytest
import requests

from demo.platform_process import COMMAND, PlatformProcess
from support.accounts import User
from support.platforms import StartPlatform
from support.s3 import S3Server
from support.submissions import post_job
from support.video_samples import numbered_video
from support.waiting import LIMIT_SECONDS, wait_until

OLD = time.time() - 60


def source(platform: PlatformProcess, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "server", "source", *arguments, "--dir", platform.folder]
    environment = {**os.environ, **settings}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (OLD, OLD))


def listed(user: User) -> dict[str, dict[str, Any]]:
    answer = requests.get(f"{user.v1}/data/list", headers=user.headers, timeout=LIMIT_SECONDS)
    return {record["name"]: record for record in answer.json()["data"]}


def download(user: User, record: dict[str, Any], **headers: str) -> requests.Response:
    url = f"{user.v1}/data/{record['id']}/download"
    return requests.get(url, headers={**user.headers, **headers}, timeout=LIMIT_SECONDS)


def test_folder_becomes_data_in_place(start_platform: StartPlatform, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    put(videos / "a.bin", bytes(range(100)))
    video = numbered_video(tmp_path / "video.mp4")
    put(videos / "street.mp4", video.read_bytes())
    settings = {"VOXEL51_SERVER_SOURCE_LOCATIONS": str(videos)}
    platform = start_platform(environment=settings)
    user, other = User.create(platform, tmp_path), User.create(platform, tmp_path)

    refused = source(platform, "add", user.name, str(tmp_path), **settings)
    added = source(platform, "add", user.name, str(videos), **settings)

    assert (refused.returncode, "not in a place from which" in refused.stderr) == (1, True)
    assert added.returncode == 0, added.stderr
    wait_until(lambda: listed(user).keys() == {"a.bin", "street.mp4"}, "the files did not become data")
    assert listed(other) == {}
    record = listed(user)["a.bin"]
    assert download(user, record).content == bytes(range(100))
    part = download(user, record, Range="bytes=5-9")
    assert (part.status_code, part.content) == (206, bytes(range(5, 10)))
    assert download(other, record).status_code == 404
    assert not [*(platform.folder / "storage").glob("data/?/*")], "a file was copied"

    job = post_job(user.v1, user.headers, "voxel51/shot-detection", data_id=listed(user)["street.mp4"]["id"])

    def state() -> str:
        answer = requests.get(f"{user.v1}/jobs/{job}", headers=user.headers, timeout=LIMIT_SECONDS)
        return str(answer.json()["job"]["state"])

    wait_until(lambda: state() in {"COMPLETE", "FAILED"}, "the job did not end")
    assert state() == "COMPLETE"

    put(videos / "later.bin", b"later")
    wait_until(lambda: "later.bin" in listed(user), "a new file did not appear")
    (videos / "a.bin").write_bytes(b"changed")
    changed = download(user, record)
    assert (changed.status_code, "was changed" in changed.text) == (424, True)
    assert str(videos) not in changed.text
    (videos / "a.bin").unlink()
    assert download(user, record).status_code == 424

    later = listed(user)["later.bin"]
    gone = requests.delete(f"{user.v1}/data/{later['id']}", headers=user.headers, timeout=LIMIT_SECONDS)
    assert gone.status_code == 204
    put(videos / "last.bin", b"last")
    wait_until(lambda: "last.bin" in listed(user), "a new file did not appear")
    assert "later.bin" not in listed(user), "deleted data came back"
    assert (videos / "later.bin").read_bytes() == b"later"

    [known] = json.loads(source(platform, "list", "--json", **settings).stdout)
    removed = source(platform, "remove", known["id"], **settings)
    assert removed.returncode == 0, removed.stderr
    assert listed(user) == {}
    assert (videos / "street.mp4").exists()


def test_prefix_of_a_bucket_becomes_data_in_place(
    start_platform: StartPlatform, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in s3.environment.items():
        monkeypatch.setenv(name, text)
    location = s3.location()
    bucket = s3.bucket(location)
    obstore.put(bucket, "street/a.bin", bytes(range(100)))
    settings = {"VOXEL51_SERVER_SOURCE_LOCATIONS": location, "VOXEL51_SERVER_STORAGE_ENDPOINT": s3.endpoint}
    platform = start_platform(environment={**settings, **s3.environment})
    user = User.create(platform, tmp_path)

    added = source(platform, "add", user.name, f"{location}/street", **settings)

    assert added.returncode == 0, added.stderr
    wait_until(lambda: listed(user).keys() == {"a.bin"}, "the object did not become data")
    record = listed(user)["a.bin"]
    assert download(user, record).content == bytes(range(100))
    assert download(user, record, Range="bytes=90-").content == bytes(range(90, 100))
    obstore.put(bucket, "street/a.bin", b"y" * 100)
    assert download(user, record).status_code == 424
    obstore.delete(bucket, "street/a.bin")
    assert download(user, record).status_code == 424


def test_place_that_is_no_longer_allowed_is_not_read(start_platform: StartPlatform, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    put(videos / "a.bin", b"content")
    settings = {"VOXEL51_SERVER_SOURCE_LOCATIONS": str(videos)}
    platform = start_platform(folder=tmp_path / "data", environment=settings)
    user = User.create(platform, tmp_path)
    source(platform, "add", user.name, str(videos), **settings)
    wait_until(lambda: "a.bin" in listed(user), "the file did not become data")
    record = listed(user)["a.bin"]
    platform.stop()

    again = start_platform(folder=tmp_path / "data")

    answer = download(User(user.name, user.token, user.key, f"{again.url}/v1"), record)
    assert (answer.status_code, "may not be read any more" in answer.text) == (424, True)
