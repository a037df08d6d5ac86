"""Search over the labels of all jobs."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.platform_process import PlatformProcess
from support.browsers import PHONE, Person, Visit, visiting
from support.finished_jobs import api_of, finished_job
from support.video_samples import footage
from support.waiting import LIMIT_MS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def searcher(platform: PlatformProcess, operator: Person, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """A user whose jobs found cars and persons in the same frames, and shots."""
    person = Person.sign_up(platform, "searcher")
    with api_of(person, tmp_path_factory.mktemp("search")) as api:
        data_id = api.upload_data(str(footage("bikes.mp4")))["id"]
        finished_job(api, "voxel51/object-tracks", data_id, "things <b>followed</b>", last_frame=60)
        finished_job(api, "voxel51/shot-detection", data_id, "cuts")
    return person


@pytest.fixture
def search(browser: Browser, platform: PlatformProcess, searcher: Person) -> object:
    with visiting(browser, platform, searcher) as visit:
        yield visit


def matches(page: Page) -> object:
    return page.get_by_role("region", name="Results").locator(".match")


def test_labels_lead_to_the_frame_that_has_all_of_them(search: Visit, tmp_path: Path) -> None:
    page = search.open("/search")
    expect(page.get_by_text("Choose one or more labels")).to_be_visible()
    page.get_by_role("button", name="car").click()
    expect(page.get_by_role("button", name="car")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="car")).to_be_focused()
    expect(page.get_by_text("1 job")).to_be_visible()
    page.get_by_role("button", name="person").click()
    page.get_by_label("All at the same time").check()
    expect(page.get_by_text("all at the same time", exact=True)).to_be_visible()

    picture = matches(page).locator("img")
    expect(picture).to_be_visible(timeout=LIMIT_MS)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    for _ in search.in_both_looks():
        search.assert_accessible()
    search.take_picture("search")
    link = matches(page).get_by_role("link", name=re.compile("^frames"))
    first = re.match(r"frames (\d+)", link.inner_text())
    assert first is not None
    search.expect("404")  # where there is no page of jobs in this build
    link.click()
    expect(page).to_have_url(re.compile(rf"/jobs/[\w-]+\?frame={first[1]}$"))
    page.go_back()
    expect(page.get_by_text("all at the same time", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="person")).to_have_attribute("aria-pressed", "true")


def test_criteria_are_kept_in_the_url(search: Visit) -> None:
    page = search.open("/search?labels=shot&longer_than=2.3")
    expect(page.get_by_label("Longer than")).to_have_value("2.3")
    expect(matches(page)).to_have_count(1)
    page.get_by_label("Longer than").fill("3")
    expect(page.get_by_text("No results")).to_be_visible()
    expect(page).to_have_url(re.compile(r"labels=shot&longer_than=3$"))
    page.reload()
    expect(page.get_by_text("No results")).to_be_visible()
    page.get_by_label("Longer than").fill("")
    expect(matches(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(r"labels=shot$"))


def test_results_are_filtered_by_analytic_and_confidence(search: Visit) -> None:
    page = search.open("/search?labels=car")
    expect(matches(page)).to_have_count(1)
    page.get_by_label("Analytic").select_option("voxel51/shot-detection")
    expect(page.get_by_text("No results")).to_be_visible()
    page.get_by_label("Analytic").select_option("voxel51/object-tracks")
    expect(matches(page)).to_have_count(1)
    page.get_by_label("Min. confidence").fill("0.999")
    expect(page.get_by_text("No results")).to_be_visible()


def test_markup_in_names_is_shown_as_text(search: Visit) -> None:
    page = search.open("/search?labels=car,<img src=x onerror=alert(1)>")
    expect(page.get_by_role("button", name="<img")).to_be_visible()
    page.get_by_role("button", name="<img").click()
    expect(page.get_by_role("link", name="things <b>followed</b>").last).to_be_visible()


def test_empty_search_leads_to_the_analytics(visit: Visit) -> None:
    page = visit.open("/search")
    expect(page.get_by_role("heading", name="Nothing to search yet")).to_be_visible()
    expect(page.get_by_role("link", name="Run an analytic")).to_have_attribute("href", "/analytics")
    visit.assert_accessible()


def test_search_fits_on_a_phone(search: Visit) -> None:
    search.page.set_viewport_size(PHONE)
    page = search.open("/search?labels=car,person")
    expect(matches(page)).to_have_count(1)
    search.assert_fits()
