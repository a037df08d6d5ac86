"""Tags and collections in the console."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from console.asking import upload
from support.browsers import Person, Visit
from support.video_samples import numbered_video
from support.waiting import LIMIT_MS

pytestmark = pytest.mark.slow


def test_videos_are_tagged_and_collected(visit: Visit, person: Person, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "v.mp4", frames=30)
    for name in ("north.mp4", "south.mp4"):
        upload(person, video, name)
    page = visit.open("/data")
    expect(page.get_by_role("columnheader", name="Duration")).to_be_visible(timeout=LIMIT_MS)
    page.get_by_role("checkbox", name="Select north.mp4").check()
    page.get_by_role("button", name="Add tags").click()
    page.get_by_label("Tags", exact=False).last.fill("Street Scene")
    page.get_by_role("dialog").get_by_role("button", name="Add tags").click()
    expect(page.get_by_role("row", name="north.mp4")).to_contain_text("street-scene")
    page.get_by_role("button", name="street-scene").click()
    expect(page.locator("tbody tr")).to_have_count(1)

    page.get_by_role("button", name="Add to collection").click()
    page.get_by_label("Name of the new collection").fill("Junction")
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Collection", exact=True)).to_contain_text("Junction")
    visit.assert_accessible()
    page.get_by_role("link", name="Collections").click()
    expect(page.get_by_role("row", name="Junction")).to_contain_text(person.name)
    visit.assert_accessible()
    page.get_by_role("link", name="Junction").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("row", name="north.mp4")).to_contain_text("street-scene")
    visit.assert_accessible()
    page.get_by_role("checkbox", name="Select north.mp4").check()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No videos")).to_be_visible()
