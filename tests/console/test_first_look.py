"""The first look: flagged uploads, thumbnails and lengths in lists, and a player that fits the window."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from console.asking import job_of, submit, upload
from support.browser_uploads import choose, entry, expect_state, tray
from support.browsers import PHONE, Person, Visit
from support.platforms import NUMBERS
from support.video_samples import numbered_video
from support.waiting import LIMIT_MS, wait_until

pytestmark = pytest.mark.slow

MAKING_MILLISECONDS = 120_000
WINDOWS = ({"width": 1280, "height": 720}, {"width": 1440, "height": 900}, PHONE)

_PARTS = """() => {
  document.querySelector(".stage").scrollIntoView();
  const [stage, lanes] = [".stage", ".lanes"].map((name) => document.querySelector(name).getBoundingClientRect());
  return { stage: stage.height, window: innerHeight, lanes: lanes.height };
}"""
_ROW_PIXELS = 18
_RULER_PIXELS = 22


def finished(person: Person, analytic: str, data_id: str, **parameters: object) -> str:
    """Run a job; return its id when it is complete."""
    job_id = submit(person, analytic, analytic, data=data_id, **parameters)
    wait_until(lambda: job_of(person, job_id)["state"] == "COMPLETE", f"{job_id} is not complete")
    return job_id


def test_tray_leaves_when_all_is_uploaded_and_comes_back(visit: Visit, tmp_path: Path) -> None:
    first = numbered_video(tmp_path / "first.mp4", frames=5)
    second = numbered_video(tmp_path / "second.mp4", frames=6)
    page = visit.open("/data")
    choose(page, first)
    expect_state(page, "first.mp4", "done")
    expect(tray(page)).to_be_hidden(timeout=LIMIT_MS)

    choose(page, second)
    expect_state(page, "second.mp4", "done")
    expect(entry(page, "first.mp4")).to_have_count(0)
    expect(entry(page, "second.mp4").locator(".poster img")).to_be_visible(timeout=MAKING_MILLISECONDS)


def test_files_that_are_not_media_are_flagged_before_they_are_sent(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("not a video at all\n" * 40, encoding="utf-8")
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\n" + bytes(400))
    page = visit.open("/jobs")
    page.route("**/v1/data/uploads", lambda route: route.abort())  # nothing can be sent
    visit.expect("ERR_FAILED")
    page.goto(f"{visit.origin}/data")
    choose(page, tmp_path / "notes.mp4", tmp_path / "paper.pdf")

    expect(entry(page, "notes.mp4")).to_contain_text("Not a video, image or audio file: this is a text file.")
    expect(entry(page, "paper.pdf")).to_contain_text("this is a PDF document")
    for _ in visit.in_both_looks():
        visit.assert_accessible()


def test_video_that_the_platform_cannot_decode_is_flagged(visit: Visit, tmp_path: Path) -> None:
    visit.expect("400")
    whole = numbered_video(tmp_path / "whole.mp4", frames=30).read_bytes()
    (tmp_path / "broken.mp4").write_bytes(whole[:40] + bytes(2000))
    page = visit.open("/jobs")
    page.goto(f"{visit.origin}/data")
    choose(page, tmp_path / "broken.mp4")

    expect(entry(page, "broken.mp4").locator(".flag")).to_contain_text("poster", timeout=MAKING_MILLISECONDS)


def test_lists_show_images_and_the_length_of_videos(visit: Visit, person: Person, tmp_path: Path) -> None:
    picture = tmp_path / "still.png"
    cv2.imwrite(str(picture), np.full((90, 160, 3), (40, 160, 240), np.uint8))
    upload(person, picture, media_type="image/png")
    data_id = upload(person, numbered_video(tmp_path / "clip.mp4", frames=75))
    job_id = finished(person, "voxel51/shot-detection", data_id)
    page = visit.open("/data")
    image = page.get_by_role("row").filter(has_text="still.png").locator("img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 160

    page = visit.open("/jobs")
    row = page.locator(f'tr[data-id="{job_id}"]')
    expect(row.locator(".thumbnail img")).to_be_visible(timeout=MAKING_MILLISECONDS)
    expect(row.locator(".length")).to_have_text("0:03")
    page = visit.open(f"/jobs/{job_id}")
    expect(page.locator(".job-heading .thumbnail img")).to_be_visible(timeout=MAKING_MILLISECONDS)
    expect(page.locator(".job-heading .length")).to_have_text("0:03")


@pytest.mark.parametrize("size", [(320, 240), (180, 320), (320, 180)], ids=["4:3", "portrait", "16:9"])
def test_player_fits_the_window(visit: Visit, person: Person, tmp_path: Path, size: tuple[int, int]) -> None:
    data_id = upload(person, numbered_video(tmp_path / "clip.mp4", frames=20, size=size))
    job_id = finished(person, NUMBERS, data_id, frames=20)
    page = visit.open(f"/jobs/{job_id}")
    page.locator('.screen[data-frame="1"]').wait_for(timeout=MAKING_MILLISECONDS)
    for window in WINDOWS:
        page.set_viewport_size(window)
        parts = wait_for_parts(page)
        assert parts["stage"] <= parts["window"], (window, parts)
        assert parts["lanes"] >= _RULER_PIXELS + 2 * _ROW_PIXELS, (window, parts)


def test_redaction_shows_before_and_after_in_step(visit: Visit, person: Person, tmp_path: Path) -> None:
    data_id = upload(person, numbered_video(tmp_path / "clip.mp4", frames=75))
    page = visit.open(f"/jobs/{finished(person, 'voxel51/face-redaction', data_id)}")
    stack = page.locator(".before-after")
    expect(stack).to_have_attribute("data-view", "split", timeout=MAKING_MILLISECONDS)
    page.locator(".output-video").evaluate("video => { video.currentTime = 2; }")
    visit.wait_until(
        "[...document.querySelectorAll('.before-after video')].every(v => v.currentTime === 2 && !v.seeking)"
    )

    page.get_by_label("Divider between before and after").fill("25")
    assert stack.evaluate("stack => stack.style.getPropertyValue('--share')") == "25%"
    page.get_by_role("button", name="After", exact=True).click()
    assert stack.evaluate("stack => stack.style.getPropertyValue('--share')") == "0%"
    page.get_by_role("button", name="Before", exact=True).click()
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    page.set_viewport_size(PHONE)
    visit.assert_fits()


def wait_for_parts(page: Page) -> dict[str, float]:
    """Return the heights of the stage, its timeline and the window, once two measurements agree."""
    before: dict[str, float] = {}
    limit = time.monotonic() + LIMIT_MS / 1000
    while (parts := page.evaluate(_PARTS)) != before and time.monotonic() < limit:
        before = parts
        page.wait_for_timeout(100)
    return parts
