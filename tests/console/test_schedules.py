"""Schedules in the console: create one, see its next run, and delete it."""

import pytest
from playwright.sync_api import expect

from console.asking import assert_usable
from support.browsers import Visit

pytestmark = pytest.mark.slow


def test_schedule_is_created_paused_and_deleted(visit: Visit) -> None:
    visit.expect("400 (Bad Request)")
    page = visit.open("/jobs/schedules")
    page.get_by_role("button", name="New schedule…").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Analytic").select_option("voxel51/shot-detection")
    dialog.get_by_label("Cron expression").fill("0 3 * * FUNDAY")
    dialog.get_by_label("Time zone").fill("Europe/Berlin")
    dialog.get_by_label("Name", exact=True).fill("Nightly shots")
    dialog.get_by_role("button", name="Create schedule").click()
    expect(dialog.get_by_role("alert").filter(has_text="bad day-of-week")).to_be_visible()
    assert_usable(visit)
    dialog.get_by_label("Cron expression").fill("0 3 * * *")
    dialog.get_by_role("button", name="Create schedule").click()

    page.get_by_role("table", name="Schedules").get_by_role("link", name="Nightly shots").click()
    card = page.get_by_role("region", name="Schedule", exact=True)
    expect(card).to_contain_text("Europe/Berlin")
    expect(card).to_contain_text("Next run")
    expect(page.get_by_text("No runs yet")).to_be_visible()
    assert_usable(visit)
    page.get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("paused")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No schedules")).to_be_visible()
