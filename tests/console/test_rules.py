"""Rules in the console: create one, see what it started, and delete it."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from console.asking import assert_usable, upload
from support.browsers import Person, Visit
from support.video_samples import numbered_video
from support.waiting import LIMIT_MS

pytestmark = pytest.mark.slow


def test_rule_is_created_runs_on_a_new_video_and_is_deleted(visit: Visit, person: Person, tmp_path: Path) -> None:
    page = visit.open("/jobs/rules")
    page.get_by_role("button", name="New rule…").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Analytic").locator("option:checked")).to_have_text("voxel51/object-tracks")
    dialog.get_by_label("Analytic").select_option("voxel51/shot-detection")
    dialog.get_by_text("Parameters", exact=True).click()
    dialog.get_by_role("spinbutton", name="Threshold").fill("20")
    dialog.get_by_label("Name", exact=True).fill("Shots")
    assert_usable(visit)
    dialog.get_by_role("button", name="Create rule").click()

    page.get_by_role("table", name="Rules").get_by_role("link", name="Shots").click()
    expect(page.get_by_role("region", name="Rule", exact=True)).to_contain_text("threshold = 20")
    upload(person, numbered_video(tmp_path / "new.mp4", frames=4), "new.mp4")
    row = page.get_by_role("table", name="Videos").get_by_role("row").filter(has_text="new.mp4")
    expect(row).to_contain_text("complete", timeout=LIMIT_MS)
    assert_usable(visit)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("region", name="Rule", exact=True)).to_contain_text("paused")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No rules")).to_be_visible()
