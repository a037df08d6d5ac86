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
from support.platforms import NO_OP, StartPlatform
from support.s3 import S3Server
from support.submissions import post_job
from support.video_samples import numbered_video
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.users.auth import Token

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


def test_user_registers_a_source_whose_videos_run_by_a_rule(start_platform: StartPlatform, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    put(videos / "north" / "old.mp4", b"old")
    put(videos / "private" / "a.mp4", b"of others")
    settings = {"VOXEL51_SERVER_USER_SOURCE_LOCATIONS": f"{videos}/north"}
    platform = start_platform(environment=settings)
    user, other = User.create(platform, tmp_path), User.create(platform, tmp_path)
    with API(token=Token.from_json(str(user.token))) as api, API(token=Token.from_json(str(other.token))) as others:
        assert api.list_source_locations() == [f"{videos}/north"]
        with pytest.raises(APIError, match="not in a place from which"):
            api.add_data_source(f"{videos}/private")
        junction = api.create_collection("junction")
        rule = api.create_rule([{"analytic": NO_OP, "input": "video"}], collection_id=junction["id"])
        with pytest.raises(APIError, match="not found"):
            others.add_data_source(f"{videos}/north", collection_id=junction["id"])
        assert others.list_data_sources() == []
        source = api.add_data_source(f"{videos}/north", collection_id=junction["id"])
        assert (source["registered_by"], source["collection"]) == ("user", junction["id"])

        put(videos / "north" / "day 2" / "new.mp4", b"new")
        wait_until(lambda: listed(user).keys() == {"old.mp4", "new.mp4"}, "the files did not become data")
        wait_until(lambda: api.get_rule(rule["id"])["counts"]["complete"] == 2, "the rule did not run on both files")
        assert {each["name"] for each in api.iter_collection_data(junction["id"])} == {"old.mp4", "new.mp4"}
        [known] = api.list_data_sources()
        assert (known["files"], known["problem"], known["left_out"]) == (2, None, None)

        with pytest.raises(APIError, match="belongs to another user"):
            others.delete_data_source(source["id"])
        api.delete_data_source(source["id"])
        assert api.list_data_sources() == []
        wait_until(lambda: listed(user) == {}, "the records were not deleted")
    assert (videos / "north" / "old.mp4").read_bytes() == b"old"


def test_job_fails_with_the_reason_if_its_source_file_vanished(start_platform: StartPlatform, tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    put(videos / "large.mp4", bytes(64 * 1024 * 1024))
    settings = {"VOXEL51_SERVER_USER_SOURCE_LOCATIONS": str(videos)}
    platform = start_platform(environment=settings)
    user = User.create(platform, tmp_path)
    with API(token=Token.from_json(str(user.token))) as api:
        api.add_data_source(str(videos))
        wait_until(lambda: listed(user).keys() == {"large.mp4"}, "the file did not become data")
        (videos / "large.mp4").unlink()
        job = post_job(user.v1, user.headers, "voxel51/shot-detection", data_id=listed(user)["large.mp4"]["id"])
        wait_until(lambda: api.get_job_details(job)["state"] == "FAILED", "the job did not end")
        assert "was moved or deleted" in str(api.get_job_details(job)["failure_type"]) + str(api.get_job_status(job))
