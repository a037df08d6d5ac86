"""Batches in the console: from selected videos to the estimate, the progress, and the retry of what failed."""

from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from console.asking import assert_usable, upload
from support.browsers import Person, Visit
from support.video_samples import numbered_video
from support.waiting import LIMIT_MS

pytestmark = pytest.mark.slow


def test_analytic_runs_on_selected_videos_as_a_batch(visit: Visit, person: Person, tmp_path: Path) -> None:
    upload(person, numbered_video(tmp_path / "one.mp4", frames=4), "one.mp4")
    (tmp_path / "broken.mp4").write_text("no video")
    upload(person, tmp_path / "broken.mp4", "broken.mp4")
    visit.expect("/renditions/poster")  # of the file that is not a video
    page = visit.open("/data")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("toolbar").get_by_role("button", name="Run an analytic").click()
    page.get_by_role("link", name="shot-detection").first.click()
    page.get_by_role("link", name="Run", exact=True).first.click()
    estimate = page.get_by_role("region", name="Estimate")
    expect(estimate).to_contain_text("Videos")
    expect(estimate).to_contain_text("2")
    assert_usable(visit)
    page.get_by_role("button", name="Run on 2 videos").click()

    expect(page.get_by_role("heading", name="shot-detection · 2 videos")).to_be_visible()
    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("1 complete, 1 failed", timeout=LIMIT_MS)
    items = page.get_by_role("table", name="Items")
    expect(items.get_by_role("row").filter(has_text="one.mp4")).to_contain_text("shot 1")
    assert_usable(visit)
    page.get_by_label("State").select_option("FAILED")
    expect(items.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Retry 1 failed").click()
    expect(page.get_by_role("button", name="Archive")).to_be_visible(timeout=LIMIT_MS)
    expect(page.get_by_role("button", name="Retry 1 failed")).to_be_visible()

    page.get_by_role("navigation", name="Jobs").get_by_role("link", name="Batches").click()
    expect(page.get_by_role("table", name="Batches")).to_contain_text("1 complete, 1 failed")
    assert_usable(visit)


def test_batch_is_paused_and_cancelled(visit: Visit, person: Person, tmp_path: Path) -> None:
    data_id = upload(person, numbered_video(tmp_path / "one.mp4", frames=4), "one.mp4")
    body = {
        "analytic": "journeys/patient", "input": "video", "selection": {"data_ids": [data_id]},
        "parameter_sets": [{"seconds": 600}, {"seconds": 601}], "max_running": 1, "name": "endless",
    }  # fmt: skip
    made = requests.post(f"{person.v1}/batches", json=body, headers=person.headers).json()["batch"]
    page = visit.open(f"/jobs/batches/{made['id']}")
    expect(page.get_by_role("table", name="Parameter sets")).to_contain_text("601")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("region", name="Progress")).to_contain_text("paused")
    page.get_by_role("button", name="Cancel batch").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel batch").click()
    expect(page.get_by_role("region", name="Progress")).to_contain_text("2 cancelled")
