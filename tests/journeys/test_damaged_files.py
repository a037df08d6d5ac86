"""Stored files that someone lost or damaged below a running platform: never sent as if they were whole."""

import os
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.finished_jobs import finished_job
from support.stored_files import stored_keys
from support.submissions import post_job
from support.video_samples import numbered_video
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.transport.errors import InvalidRequest
from voxel51.users.api import API
from voxel51.users.auth import Token


@pytest.fixture
def user(platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(platform, tmp_path)


@pytest.fixture
def api(user: User) -> API:
    return API(token=Token.from_json(str(user.token)))


def stored_since(platform: PlatformProcess, before: dict[str, int], folder: str) -> Path:
    """Return the path of the one file that was stored in ``folder`` since ``before``."""
    (key,) = [key for key in stored_keys(platform.folder).keys() - before.keys() if key.startswith(f"{folder}/")]
    name = key.partition("/")[2]
    return platform.folder / "storage" / folder / name[:1] / name


def get(user: User, path: str) -> requests.Response:
    return requests.get(f"{user.v1}/{path}", headers=user.headers, timeout=LIMIT_SECONDS)


def test_lost_upload_is_gone_until_the_same_file_is_uploaded_again(platform, user, api, tmp_path):
    video, before = tmp_path / "gate.mp4", stored_keys(platform.folder)
    video.write_bytes(os.urandom(5000))
    early = api.upload_data(str(video))["id"]
    stored = stored_since(platform, before, "data")
    for damage in (lambda: os.truncate(stored, 1000), stored.unlink):
        damage()
        assert get(user, f"data/{early}/download").status_code == 410
        assert requests.head(f"{user.v1}/data/{early}/download", headers=user.headers, timeout=9).status_code == 410
        assert get(user, f"data/{early}").status_code == 200

        late = api.upload_data(str(video))["id"]

        for data_id in (early, late):
            assert get(user, f"data/{data_id}/download").content == video.read_bytes()


def test_truncated_output_is_gone_and_truncated_rendition_is_made_again(platform, user, api, tmp_path):
    video, before = tmp_path / "v.mp4", stored_keys(platform.folder)
    numbered_video(video, frames=20)
    data_id = api.upload_data(str(video))["id"]
    job_id = finished_job(api, "voxel51/shot-detection", data_id)
    output = stored_since(platform, before, "outputs")
    before = stored_keys(platform.folder)
    poster = f"data/{data_id}/renditions/poster"
    wait_until(lambda: get(user, f"{poster}?wait=10").status_code == 200)
    picture = get(user, poster).content
    rendition = stored_since(platform, before, "outputs")

    whole = output.read_bytes()
    os.truncate(output, 1)
    os.truncate(rendition, 1)

    assert get(user, f"jobs/{job_id}/output").status_code == 410
    assert get(user, poster).status_code == 202
    wait_until(lambda: get(user, f"{poster}?wait=10").status_code == 200)
    assert get(user, poster).content == picture
    output.write_bytes(whole)
    assert get(user, f"jobs/{job_id}/output").content == whole


def test_job_on_a_lost_file_fails_because_of_the_platform(platform, user, api, tmp_path):
    video, before = tmp_path / "v.mp4", stored_keys(platform.folder)
    numbered_video(video, frames=20)
    data_id = api.upload_data(str(video))["id"]
    job_id = post_job(user.v1, user.headers, "voxel51/shot-detection", data_id=data_id, start=False)
    os.truncate(stored_since(platform, before, "data"), 100)

    assert get(user, f"data/{data_id}/renditions/poster").status_code == 410
    with pytest.raises(InvalidRequest, match=r"'v\.mp4' is damaged: it has 100 of"):
        finished_job(api, "voxel51/shot-detection", data_id)
    api.start_job(job_id)
    wait_until(lambda: api.get_job_state(job_id) == "FAILED")

    details = api.get_job_details(job_id)
    assert details["failure_type"] == "PLATFORM"
    assert "'v.mp4' is damaged" in str(api.get_job_status(job_id))
    assert api.upload_data(str(video))["id"]  # so that nothing on this platform stays damaged


def test_verify_reports_and_repairs(platform, api, tmp_path):
    other = API(token=Token.from_json(str(User.create(platform, tmp_path).token)))
    video, before = tmp_path / "gate.mp4", stored_keys(platform.folder)
    video.write_bytes(os.urandom(5000))
    data_id = api.upload_data(str(video))["id"]
    stored = stored_since(platform, before, "data")
    other.upload_data(str(video))
    stored.write_bytes(bytes(5000))

    text = platform.run_command("server", "verify")

    assert f"repaired  data {data_id} ('gate.mp4')" in text
    assert stored.read_bytes() == video.read_bytes()
