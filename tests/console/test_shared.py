"""Share links: the page for people without an account."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import expect

from demo.platform_process import PlatformProcess
from support.browsers import PHONE, Person, Visit
from support.finished_jobs import api_of, finished_job
from support.video_samples import footage

pytestmark = pytest.mark.slow

NAME = "<script>alert(1)</script> of the bikes"


@pytest.fixture(scope="module")
def share(
    platform: PlatformProcess, operator: Person, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[str, Any]]:
    """Return a function that creates share links to one complete job."""
    person = Person.sign_up(platform, "sharer")
    with api_of(person, tmp_path_factory.mktemp("shared")) as api:
        data_id = api.upload_data(str(footage("bikes.mp4")))["id"]
        job_id = finished_job(api, "voxel51/shot-detection", data_id, NAME)

    def make(**wanted: Any) -> dict[str, Any]:
        url = f"{person.v1}/jobs/{job_id}/shares"
        made: dict[str, Any] = requests.post(url, json=wanted, headers=person.headers, timeout=20).json()
        made["revoke"] = lambda: requests.delete(f"{url}/{made['share']['id']}", headers=person.headers, timeout=20)
        return made

    return make


def page_of(made: dict[str, Any]) -> str:
    parts = urlsplit(made["url"])
    return f"{parts.path}#{parts.fragment}"


def test_share_link_shows_the_video_and_downloads_the_output(
    stranger: Visit, share: Callable[..., dict[str, Any]]
) -> None:
    made = share(video=True)
    page = stranger.open(page_of(made))
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    video = page.locator("video")
    expect(video).to_be_visible(timeout=90_000)
    stranger.wait_until("document.querySelector('video').readyState >= 1")
    assert 9 < video.evaluate("video => video.duration") < 11
    for _ in stranger.in_both_looks():
        stranger.assert_accessible()
    stranger.take_picture("shared")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download output").click()
    assert download.value.suggested_filename == "labels.json"
    assert urlsplit(made["url"]).fragment not in page.evaluate("document.title")
    page.set_viewport_size(PHONE)
    stranger.assert_fits()


def test_share_link_without_video_shows_none(stranger: Visit, share: Callable[..., dict[str, Any]]) -> None:
    page = stranger.open(page_of(share()))
    expect(page.get_by_role("link", name="Download output")).to_be_visible()
    expect(page.locator("video, .making")).to_have_count(0)


def test_revoked_share_link_is_reported(stranger: Visit, share: Callable[..., dict[str, Any]]) -> None:
    stranger.expect("404")
    made = share(video=True)
    page = stranger.open(page_of(made))
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    assert made["revoke"]().status_code == 204
    page.reload()
    expect(page.get_by_role("heading", name="Link not valid")).to_be_visible()
    stranger.assert_accessible()


def test_expired_share_link_is_reported(stranger: Visit, share: Callable[..., dict[str, Any]]) -> None:
    stranger.expect("404")
    page = stranger.open(page_of(share(days=1e-9)))
    expect(page.get_by_role("heading", name="Link not valid")).to_be_visible()


@pytest.mark.parametrize("key", ["", "x", "../../account", "%2e%2e%2faccount", "<img src=x>", "a" * 5000, "%E0%A4"])
def test_malformed_share_link_is_reported(stranger: Visit, key: str) -> None:
    stranger.expect("404")
    page = stranger.open(f"/shared#{key}")
    expect(page.get_by_role("heading", name="Link not valid")).to_be_visible()


def test_second_share_link_in_the_same_window_shows_its_own_job(
    stranger: Visit, share: Callable[..., dict[str, Any]]
) -> None:
    stranger.expect("404")
    page = stranger.open("/shared#nothing")
    expect(page.get_by_role("heading", name="Link not valid")).to_be_visible()
    page.evaluate("to => { location.hash = to }", urlsplit(share()["url"]).fragment)
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
