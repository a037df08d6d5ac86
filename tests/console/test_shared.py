"""Share links: the page for people without an account."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, expect

from demo.platform_process import PlatformProcess
from support.browsers import PHONE, Person, Visit
from support.finished_jobs import api_of, finished_job
from support.loopback_server import Loopback, Reply, loopback  # noqa: F401  (pytest finds it here)
from support.video_samples import footage
from support.waiting import LIMIT_MS

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
    expect(video).to_be_visible(timeout=LIMIT_MS)
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


def test_malformed_share_link_is_reported(stranger: Visit) -> None:
    stranger.expect("404")
    for key in ("", "x", "../../account", "%2e%2e%2faccount", "<img src=x>", "a" * 5000, "%E0%A4"):
        stranger.page.goto("about:blank")  # from one key to the next the page would not load again
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


def test_result_is_embedded_by_pages_of_allowed_origins_only(
    browser: Browser,
    share: Callable[..., dict[str, Any]],
    loopback: Loopback,  # noqa: F811
) -> None:
    made = share(video=True)
    source = made["embed_url"].replace("/embed#", "/embed?link=0&loop=1#")
    html = f'<!doctype html><title>blog</title><iframe src="{source}" width="640" height="400"></iframe>'
    loopback.reply(Reply(200, html.encode(), {"Content-Type": "text/html"}))
    page = browser.new_page()
    page.goto(f"{loopback.url}/")
    frame = page.frame_locator("iframe")
    expect(frame.locator("video")).to_be_visible(timeout=LIMIT_MS)
    assert frame.locator("video").evaluate("video => [video.controls, video.loop, video.autoplay]") == [
        True, True, False,
    ]  # fmt: skip
    expect(frame.locator("header")).to_contain_text(NAME)
    expect(frame.locator("a, nav, button")).to_have_count(0)

    page.goto(f"{loopback.url.replace('127.0.0.1', 'localhost')}/")
    page.wait_for_load_state("load")
    expect(frame.locator("#result")).to_have_count(0)
    page.close()
