"""The whole platform with its files in a bucket, configured by settings alone."""

import hashlib
import os
import subprocess
from pathlib import Path

import obstore
import pytest
import requests

from demo.platform_process import COMMAND
from support.accounts import User
from support.platforms import NO_OP, StartPlatform
from support.s3 import ACCESS_KEY, SECRET_KEY, S3Server, running_s3
from support.submissions import post_data, post_job
from support.video_samples import numbered_video
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest


@pytest.fixture(autouse=True)
def keys_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process open the storage too: it creates accounts as the command line does."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)


def settings(server: S3Server, location: str) -> dict[str, str]:
    names = {"VOXEL51_SERVER_STORAGE_URL": location, "VOXEL51_SERVER_STORAGE_ENDPOINT": server.endpoint}
    return {**names, **server.environment}


def test_uploads_jobs_and_downloads_work_and_survive_a_restart(
    start_platform: StartPlatform, s3: S3Server, tmp_path: Path
) -> None:
    location = s3.location()
    platform = start_platform(environment=settings(s3, location))
    user = User.create(platform, tmp_path)
    video = numbered_video(tmp_path / "video.mp4")
    with API(token=Token.from_json(str(user.token))) as api:
        data = api.upload_data(str(video))
        request = JobRequest("voxel51/shot-detection")
        request.set_input("video", data_id=data["id"])
        job = api.upload_job_request(request, "shots", auto_start=True)
        api.wait_until_job_completes(job["id"])

        assert platform.stop() == 0
        platform.start()

        api.download_job_output(job["id"], str(tmp_path / "labels.json"))
        api.download_data(data["id"], str(tmp_path / "again.mp4"))
    assert (tmp_path / "again.mp4").read_bytes() == video.read_bytes()
    part = requests.get(
        f"{user.v1}/data/{data['id']}/download", headers={**user.headers, "Range": "bytes=5-9"}, timeout=LIMIT_SECONDS
    )
    assert (part.status_code, part.content) == (206, video.read_bytes()[5:10])
    keys = [found["path"] for page in obstore.list(s3.bucket(location)) for found in page]
    assert {key.partition("/")[0] for key in keys} >= {"data", "outputs", "identity"}
    assert not list((platform.folder / "storage").glob("*/?/*")), "files are on the local disk as well"
    verified = subprocess.run(
        [COMMAND, "server", "verify", "--dir", platform.folder],
        env={**os.environ, **settings(s3, location)},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert "stored files are intact" in verified.stdout, verified.stderr


def test_resumable_upload_continues_after_a_kill(start_platform: StartPlatform, s3: S3Server, tmp_path: Path) -> None:
    platform = start_platform(environment=settings(s3, s3.location()))
    user = User.create(platform, tmp_path)
    content = os.urandom(3_000_000)
    tus = {"Tus-Resumable": "1.0.0", **user.headers}
    name = {"Upload-Length": str(len(content)), "Upload-Metadata": "filename dmlkZW8ubXA0"}
    begun = requests.post(f"{user.v1}/data/uploads", headers={**tus, **name}, timeout=LIMIT_SECONDS)
    path = begun.headers["Location"]

    def send(start: int, end: int) -> requests.Response:
        headers = {**tus, "Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        return requests.patch(platform.url + path, data=content[start:end], headers=headers, timeout=LIMIT_SECONDS)

    assert send(0, 1_700_000).status_code == 204
    platform.kill()
    platform.start()
    offset = int(requests.head(platform.url + path, headers=tus, timeout=LIMIT_SECONDS).headers["Upload-Offset"])
    assert offset == 1_700_000
    assert send(offset, len(content)).status_code == 204

    listed = requests.get(f"{platform.url}/v1/data/list", headers=user.headers, timeout=LIMIT_SECONDS).json()["data"]
    download = f"{platform.url}/v1/data/{listed[0]['id']}/download"
    found = requests.get(download, headers=user.headers, timeout=LIMIT_SECONDS).content
    assert hashlib.sha256(found).digest() == hashlib.sha256(content).digest()


def test_outage_of_the_store_is_told_and_passes(start_platform: StartPlatform, tmp_path: Path) -> None:
    with running_s3() as server:
        platform = start_platform(environment=settings(server, server.location()))
        user = User.create(platform, tmp_path)
        (tmp_path / "a.bin").write_bytes(b"x" * 100_000)
        data_id = post_data(user.v1, user.headers, tmp_path / "a.bin")
        server.stop()

        url = f"{user.v1}/data/{data_id}/download"
        away = requests.get(url, headers=user.headers, timeout=LIMIT_SECONDS)
        assert away.status_code == 503
        assert "127.0.0.1" not in away.text, "the address of the store is shown to users"

        server.start()
        wait_until(
            lambda: requests.get(url, headers=user.headers, timeout=LIMIT_SECONDS).content == b"x" * 100_000,
            "the file was not served after the outage",
        )
        job = post_job(user.v1, user.headers, NO_OP)

        def state() -> str:
            answer = requests.get(f"{user.v1}/jobs/{job}", headers=user.headers, timeout=LIMIT_SECONDS)
            return str(answer.json()["job"]["state"])

        wait_until(lambda: state() == "COMPLETE", "no job completed after the outage")


@pytest.mark.parametrize(
    ("location", "text"),
    [("https://bucket/folder", "storage_url must be s3://BUCKET"), ("s3://", "storage_url must be s3://BUCKET")],
)
def test_invalid_location_is_told(tmp_path: Path, location: str, text: str) -> None:
    started = subprocess.run(
        [COMMAND, "server", "start", "--dir", tmp_path / "data", "--port", "0"],
        env={**os.environ, "VOXEL51_SERVER_STORAGE_URL": location},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert started.returncode == 1
    assert text in started.stderr


def test_new_database_does_not_take_the_files_of_a_platform(
    start_platform: StartPlatform, s3: S3Server, tmp_path: Path
) -> None:
    location = s3.location()
    platform = start_platform(environment=settings(s3, location))
    platform.stop()

    second = subprocess.run(
        [COMMAND, "server", "start", "--dir", tmp_path / "second", "--port", "0"],
        env={**os.environ, **settings(s3, location)},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )

    assert second.returncode == 1
    assert "is new, but s3://" in second.stderr
