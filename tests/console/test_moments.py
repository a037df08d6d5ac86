"""Moments: a grid of pictures that play, with conditions and true totals."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.platform_process import PlatformProcess
from support.browsers import PHONE, Person, Visit, visiting
from support.finished_jobs import api_of, finished_job
from support.video_samples import footage

pytestmark = pytest.mark.slow

MAKING_MILLISECONDS = 120_000


@pytest.fixture(scope="module")
def seeker(platform: PlatformProcess, operator: Person, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """A user whose job found cars and persons in the same frames."""
    person = Person.sign_up(platform, "seeker")
    with api_of(person, tmp_path_factory.mktemp("moments")) as api:
        data_id = api.upload_data(str(footage("bikes.mp4")))["id"]
        finished_job(api, "voxel51/object-tracks", data_id, "followed", last_frame=60)
    return person


@pytest.fixture
def moments(browser: Browser, platform: PlatformProcess, seeker: Person) -> object:
    with visiting(browser, platform, seeker) as visit:
        yield visit


def tiles(page: Page) -> object:
    return page.get_by_role("list", name="Moments").get_by_role("link")


def test_pictures_play_and_lead_to_their_frames(moments: Visit) -> None:
    page = moments.open("/search")
    page.get_by_role("button", name="person").click()
    page.get_by_role("link", name="Moments").click()
    expect(page.get_by_role("button", name="person")).to_have_attribute("aria-pressed", "true")
    expect(
        page.get_by_role("status").filter(has_text=re.compile(r"^\d+ moments? in 1 video, [\d.]+ s of video$"))
    ).to_be_visible(timeout=MAKING_MILLISECONDS)
    first = tiles(page).first
    expect(first.locator("canvas")).to_be_visible(timeout=MAKING_MILLISECONDS)
    # The picture is not empty: its pixels are those of a frame.
    colours = first.locator("canvas").evaluate(
        "each => new Set(each.getContext('2d').getImageData(0, 0, each.width, each.height).data).size"
    )
    assert colours > 50
    first.focus()
    clip = first.locator("video.shown")
    expect(clip).to_be_attached(timeout=MAKING_MILLISECONDS)
    begun = clip.evaluate("each => each.currentTime")
    page.wait_for_timeout(500)
    assert clip.evaluate("each => each.currentTime") != begun  # it plays, or has begun again
    if tiles(page).count() > 1:
        page.keyboard.press("ArrowRight")
        expect(tiles(page).nth(1)).to_be_focused()
        expect(clip).not_to_be_attached()
    for _ in moments.in_both_looks():
        moments.assert_accessible()
    moments.take_picture("moments")
    address = first.get_attribute("href")
    first.click()
    expect(page).to_have_url(re.compile(re.escape(str(address))))
    frame = str(address).rpartition("=")[2]
    expect(page.locator(f'.screen[data-frame="{frame}"]')).to_be_visible(timeout=MAKING_MILLISECONDS)


def test_conditions_are_kept_in_the_url(moments: Visit) -> None:
    page = moments.open("/search/moments?labels=person,car&together=true&sort=time&zone=0,0;1,0;1,1")
    expect(page.get_by_label("All in the same frames")).to_be_checked()
    expect(page.get_by_label("Zone: points")).to_have_value("0,0; 1,0; 1,1")
    page.get_by_role("button", name="Clear zone").click()
    expect(tiles(page).first).to_contain_text("person, car", timeout=MAKING_MILLISECONDS)
    page.get_by_label("Min. confidence").fill("1")
    expect(page.get_by_text("No results.")).to_be_visible(timeout=MAKING_MILLISECONDS)
    expect(page).to_have_url(re.compile(r"confidence=1"))
    page.get_by_label("Min. confidence").fill("")
    page.get_by_label("Min. box size").fill("100")
    expect(page.get_by_text("No results.")).to_be_visible(timeout=MAKING_MILLISECONDS)
    expect(page).to_have_url(re.compile(r"larger_than=1"))
    page.get_by_label("Min. box size").fill("0.01")
    expect(tiles(page).first).to_be_visible(timeout=MAKING_MILLISECONDS)


def test_moments_fit_on_a_phone(moments: Visit) -> None:
    moments.page.set_viewport_size(PHONE)
    page = moments.open("/search/moments?labels=person")
    expect(tiles(page).first).to_be_visible(timeout=MAKING_MILLISECONDS)
    moments.assert_fits()


def test_page_without_labels_leads_to_the_analytics(visit: Visit) -> None:
    page = visit.open("/search/moments")
    expect(page.get_by_role("heading", name="No moments yet")).to_be_visible()
    expect(page.get_by_role("link", name="Run an analytic")).to_have_attribute("href", "/analytics")
    visit.assert_accessible()
