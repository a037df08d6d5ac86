"""Sources in the console: register a folder, see its videos, and delete the source."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from console.asking import assert_usable
from demo.platform_process import PlatformProcess
from support.browsers import Person, Visit
from support.video_samples import numbered_video
from support.waiting import LIMIT_MS

pytestmark = pytest.mark.slow


def test_source_is_registered_and_deleted(
    visit: Visit, person: Person, platform: PlatformProcess, tmp_path: Path
) -> None:
    folder = platform.folder.with_name("recordings") / person.name
    folder.mkdir()
    shutil.copy(numbered_video(tmp_path / "v.mp4", frames=4), folder / "street.mp4")
    os.utime(folder / "street.mp4", (1, 1))
    visit.expect("400 (Bad Request)")  # of the folder that is not allowed
    page = visit.open("/data")
    page.get_by_role("link", name="Sources").click()
    expect(page.get_by_text("No sources")).to_be_visible()
    page.get_by_role("button", name="Add source…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Location").fill("/etc")
    dialog.get_by_role("button", name="Add source", exact=True).click()
    expect(dialog.get_by_text("not in a place from which")).to_be_visible()
    assert_usable(visit)
    dialog.get_by_label("Location").fill(str(folder))
    dialog.get_by_role("button", name="Add source", exact=True).click()

    row = page.get_by_role("table", name="Sources").get_by_role("row").filter(has_text=str(folder))
    expect(row).to_be_visible()
    assert_usable(visit)
    expect(row.get_by_role("cell", name="1", exact=True)).to_be_visible(timeout=LIMIT_MS)
    page.get_by_role("link", name="All videos").click()
    expect(page.get_by_role("row", name="street.mp4")).to_be_visible(timeout=LIMIT_MS)
    page.goto(page.url.replace("/data", "/sources"))
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No sources")).to_be_visible()
