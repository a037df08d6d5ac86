"""Labels and analytics of files in their lists and pages, and saved searches."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from console.asking import assert_usable, upload
from support.browsers import Person, Visit
from support.finished_jobs import api_of, finished_job
from support.video_samples import footage
from support.waiting import LIMIT_MS

pytestmark = pytest.mark.slow


def test_labels_lead_to_the_videos_that_have_them_and_searches_are_saved(
    visit: Visit, person: Person, tmp_path: Path
) -> None:
    with api_of(person, tmp_path) as api:
        data_id = api.upload_data(str(footage("bikes.mp4")))["id"]
        upload(person, footage("bikes.mp4"), "other.mp4")
        finished_job(api, "voxel51/object-tracks", data_id, "bikes", last_frame=60)
    page = visit.open("/data")
    row = page.get_by_role("row", name="bikes.mp4")
    expect(row.get_by_role("link", name="object-tracks")).to_be_visible(timeout=LIMIT_MS)
    expect(page.locator("tbody tr")).to_have_count(2)

    page.get_by_role("button", name="Filters").click()
    filters = page.get_by_role("dialog", name="Filters")
    filters.get_by_label("Not yet run").select_option("voxel51/object-tracks")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("row", name="other.mp4")).to_be_visible()
    assert_usable(visit)
    filters.get_by_role("button", name="Clear filters").click()
    filters.get_by_label("Found").fill("person")
    filters.get_by_label("Found").press("Tab")
    filters.get_by_label("With a result of").select_option("voxel51/object-tracks")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.reload()
    expect(page.get_by_role("button", name="Filters (2)")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Filters (2)").click()
    filters.get_by_label("Longer than").fill("100")
    expect(page.get_by_text("No results.")).to_be_visible()
    filters.get_by_role("button", name="Clear filters").click()
    page.keyboard.press("Escape")
    expect(page.locator("tbody tr")).to_have_count(2)

    row.get_by_role("link", name="person", exact=True).click()

    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_have_value("label:person")
    assert_usable(visit)
    visit.take_picture("found")
    page.get_by_role("button", name="Saved searches").click()
    page.get_by_role("button", name="Save this search…").click()
    page.get_by_label("Name", exact=False).fill("People <b>on<b> street")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("searchbox").fill("")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Saved searches").click()
    page.get_by_role("button", name="People <b>on<b> street").click()
    expect(page.locator("tbody tr")).to_have_count(1)

    page.get_by_role("row", name="bikes.mp4").get_by_role("link", name="bikes.mp4").click()

    content = page.locator("section.card").filter(has=page.get_by_role("heading", name="Content"))
    expect(content.get_by_role("link", name="person", exact=True)).to_be_visible()
    visit.assert_accessible()
