"""Share links: they show the result of one job without an account, and nothing else."""

import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.finished_jobs import finished_job
from support.video_samples import footage
from support.waiting import LIMIT_SECONDS
from voxel51.users.api import API
from voxel51.users.auth import Token


@pytest.fixture(scope="module")
def shared(platform: PlatformProcess, tmp_path_factory: pytest.TempPathFactory) -> tuple[User, str]:
    """User with a job that produced labels of a video."""
    user = User.create(platform, tmp_path_factory.mktemp("shares"))
    api = API(token=Token.from_json(str(user.token)))
    data_id = api.upload_data(str(footage("bikes.mp4")))["id"]
    return user, finished_job(api, "voxel51/shot-detection", data_id, "cuts of the bikes")


def share(user: User, job_id: str, **wanted: Any) -> dict[str, Any]:
    answer = requests.post(f"{user.v1}/jobs/{job_id}/shares", json=wanted, headers=user.headers, timeout=LIMIT_SECONDS)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def until_made(url: str) -> requests.Response:
    """Return the response once the rendition was made, polling as the platform asks."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while (answer := requests.get(url, timeout=LIMIT_SECONDS)).status_code == 202:
        assert time.monotonic() < deadline, answer.text
        time.sleep(float(answer.headers["Retry-After"]))
    return answer


def test_share_link_opens_a_page_and_returns_the_result_to_programs(shared: tuple[User, str]) -> None:
    user, job_id = shared
    made = share(user, job_id, days=1)

    page = urlsplit(made["url"])
    assert page.path == "/shared"
    assert page.fragment.startswith("share_")  # browsers do not send the fragment to a server
    assert requests.get(made["url"], timeout=LIMIT_SECONDS).headers["content-type"].startswith("text/html")
    assert made["api_url"] == f"{user.v1}/shared/{page.fragment}"
    job = requests.get(made["api_url"], timeout=LIMIT_SECONDS).json()["job"]
    assert (job["name"], job["state"], job["video"]) == ("cuts of the bikes", "COMPLETE", False)
    output = requests.get(f"{made['api_url']}/output", timeout=LIMIT_SECONDS)
    assert (output.status_code, output.json()["frames"] is not None) == (200, True)
    assert user.name not in str(job)


@pytest.mark.parametrize("name", ["annotated", "sheet"])
def test_share_link_shows_the_video_only_if_chosen(shared: tuple[User, str], name: str) -> None:
    user, job_id = shared
    without, with_video = share(user, job_id), share(user, job_id, video=True)

    refused = requests.get(f"{without['api_url']}/renditions/{name}", timeout=LIMIT_SECONDS)
    assert (refused.status_code, "does not show the video" in refused.text) == (403, True)
    seen = until_made(f"{with_video['api_url']}/renditions/{name}")
    assert seen.status_code == 200
    assert seen.headers["content-type"] == {"annotated": "video/mp4", "sheet": "image/jpeg"}[name]
    assert requests.get(f"{with_video['api_url']}/renditions/frame?number=1", timeout=LIMIT_SECONDS).status_code == 404
    listed = requests.get(f"{user.v1}/jobs/{job_id}/shares", headers=user.headers, timeout=LIMIT_SECONDS).json()[
        "shares"
    ]
    assert [each["video"] for each in listed if each["id"] in {without["share"]["id"], with_video["share"]["id"]}] == [
        False,
        True,
    ]


def test_revoked_share_link_is_not_found(shared: tuple[User, str]) -> None:
    user, job_id = shared
    made = share(user, job_id, video=True)
    share_id = made["share"]["id"]
    revoked = requests.delete(f"{user.v1}/jobs/{job_id}/shares/{share_id}", headers=user.headers, timeout=LIMIT_SECONDS)

    assert revoked.status_code == 204
    for path in ("", "/output", "/renditions/annotated"):
        assert requests.get(made["api_url"] + path, timeout=LIMIT_SECONDS).status_code == 404


def test_share_link_expires(shared: tuple[User, str]) -> None:
    user, job_id = shared
    made = share(user, job_id, days=1 / 86400, video=True)
    deadline = time.monotonic() + LIMIT_SECONDS
    while requests.get(made["api_url"], timeout=LIMIT_SECONDS).status_code == 200:
        assert time.monotonic() < deadline, "the link does not end"
        time.sleep(0.1)

    for path in ("", "/output", "/renditions/annotated"):
        assert requests.get(made["api_url"] + path, timeout=LIMIT_SECONDS).status_code == 404


@pytest.mark.parametrize("key", ["x", "share_", "..%2Fjobs", "%00", "a" * 5000, "%F0%9F%92%A9"])
def test_unknown_share_key_is_not_found(platform: PlatformProcess, key: str) -> None:
    for path in ("", "/output", "/renditions/annotated", "/renditions/sheet"):
        answer = requests.get(f"{platform.url}/v1/shared/{key}{path}", timeout=LIMIT_SECONDS)
        assert answer.status_code == 404, answer.text
        assert answer.json()["error"]["message"]
