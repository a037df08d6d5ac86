"""Share links: they show the result of one job without an account, and nothing else."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.finished_jobs import finished_job
from support.platforms import NO_OP, StartPlatform
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
    kept = requests.get(made["api_url"], timeout=LIMIT_SECONDS).headers["Cache-Control"]
    revoked = requests.delete(f"{user.v1}/jobs/{job_id}/shares/{share_id}", headers=user.headers, timeout=LIMIT_SECONDS)

    assert (kept, revoked.status_code) == ("no-store", 204)
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


def test_nothing_is_embedded_unless_the_operator_allows_it(
    shared: tuple[User, str], platform: PlatformProcess, start_platform: StartPlatform
) -> None:
    made = share(*shared, video=True)
    assert made["embed_url"] is None
    closed = requests.get(f"{platform.url}/embed", timeout=LIMIT_SECONDS)
    assert "frame-ancestors 'none'" in closed.headers["content-security-policy"]
    assert closed.headers["x-frame-options"] == "DENY"
    asked = requests.get(f"{platform.url}/v1/oembed", params={"url": made["url"]}, timeout=LIMIT_SECONDS)
    assert (asked.status_code, "cannot be embedded" in asked.text) == (404, True)

    opened = start_platform(environment={"VOXEL51_SERVER_EMBED_ORIGINS": "https://a.example, https://*.b.example:8443"})
    page = requests.get(f"{opened.url}/embed", timeout=LIMIT_SECONDS)
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors https://a.example https://*.b.example:8443;" in policy
    assert "script-src 'self'" in policy
    assert "x-frame-options" not in page.headers
    for other in ("/", "/shared", "/account", "/jobs"):
        headers = requests.get(opened.url + other, timeout=LIMIT_SECONDS).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"], other


def test_oembed_describes_a_frame_for_a_link_and_for_nothing_else(
    start_platform: StartPlatform, tmp_path: Path
) -> None:
    platform = start_platform(environment={"VOXEL51_SERVER_EMBED_ORIGINS": "*"})
    user = User.create(platform, tmp_path)
    body = {"analytic": NO_OP, "inputs": {}, "parameters": {}}
    form = {"job_name": '"><script>alert(1)</script>', "auto_start": "false"}
    files = {"file": ("job.json", json.dumps(body).encode())}
    sent = requests.post(f"{user.v1}/jobs", data=form, files=files, headers=user.headers, timeout=LIMIT_SECONDS)
    made = share(user, sent.json()["job"]["id"])

    def ask(url: str, **more: str) -> requests.Response:
        return requests.get(f"{user.v1}/oembed", params={"url": url, **more}, timeout=LIMIT_SECONDS)

    answer = ask(made["url"], maxwidth="320", maxheight="5000").json()
    assert (answer["version"], answer["type"], answer["title"]) == ("1.0", "rich", form["job_name"])
    assert (answer["width"], answer["height"]) == (320, 400)
    assert f'src="{made["embed_url"]}"' in answer["html"]
    assert "<script" not in answer["html"]
    assert ask(made["embed_url"]).json()["html"] == ask(made["url"]).json()["html"]
    key = made["url"].partition("#")[2]
    for url in ("", f"https://evil.example/shared#{key}", f"{platform.url}/shared#share_other",
                f'{platform.url}/shared#{key}"onload=', f"{platform.url}/account#{key}"):  # fmt: skip
        assert ask(url).status_code == 404, url
    assert ask(made["url"], format="xml").status_code == 400
    assert ask(made["url"], maxwidth="0").status_code == 400
