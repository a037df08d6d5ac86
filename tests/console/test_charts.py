"""Charts of a job, and of all videos: each bar leads to its frame, and each chart can be saved as PNG and CSV."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import requests
from playwright.sync_api import Browser, expect

from console.asking import assert_usable, job_of, submit, upload
from support.browsers import Person, Visit, visiting
from support.platforms import NUMBERS, new_platform, running
from support.video_samples import numbered_video
from support.waiting import wait_until

pytestmark = pytest.mark.slow

MAKING_MILLISECONDS = 120_000
FRAMES = 20


def test_charts_count_and_lead_to_frames(visit: Visit, person: Person, tmp_path: Path) -> None:
    data_id = upload(person, numbered_video(tmp_path / "clip.mp4", frames=FRAMES))
    job_id = submit(person, NUMBERS, "bits", data=data_id, frames=FRAMES)
    wait_until(lambda: job_of(person, job_id)["state"] == "COMPLETE", f"{job_id} is not complete")
    page = visit.open(f"/jobs/{job_id}?tab=charts")
    boxes = page.get_by_role("figure", name="Boxes by class")
    ones = sum(bin(number).count("1") for number in range(1, FRAMES + 1))
    expect(boxes.get_by_role("listitem")).to_have_text(f"bit{ones}", timeout=MAKING_MILLISECONDS)
    expect(page.get_by_role("figure", name="Tracks by class").get_by_role("listitem")).to_have_text("bit5")

    with page.expect_download() as downloading:
        boxes.get_by_role("button", name="Save “Boxes by class” as CSV").click()
    assert downloading.value.path().read_bytes().decode() == f"label,value,first frame\r\nbit,{ones},1\r\n"
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Save “Objects at the same time” as PNG").click()
    picture = cv2.imdecode(np.fromfile(downloading.value.path(), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] == 1280 and (picture < 250).any()

    # The box of the lowest bit is at the left, from 0.01 to 0.09: a zone around it has the odd frames.
    page.get_by_label("Zone: points").fill("0,0; 0.1,0; 0.1,1; 0,1")
    page.get_by_label("Zone: points").press("Enter")
    zone = page.get_by_role("figure", name="Seconds in the zone, summed over tracks")
    expect(zone.get_by_role("listitem")).to_contain_text("1 visit of 1 track", timeout=MAKING_MILLISECONDS)
    picture_of_video = page.locator(".shape-picture").nth(1)
    picture_of_video.scroll_into_view_if_needed()
    for position in ({"x": 30, "y": 20}, {"x": 60, "y": 80}):
        picture_of_video.click(position=position)
    expect(page.get_by_text("No track crossed the line.")).to_be_visible(timeout=MAKING_MILLISECONDS)
    page.get_by_label("Zone: points").fill("nonsense")
    page.get_by_label("Zone: points").press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Enter 3 to 50 points")).to_be_visible()
    assert_usable(visit)

    page.get_by_role("figure", name="Tracks by length").get_by_role("link").last.click()
    expect(page.locator('.screen[data-frame="1"]')).to_be_visible(timeout=MAKING_MILLISECONDS)

    # The charts of all videos: a class leads to its videos, and a video to the frame.
    page = visit.open("/search/charts")
    by_class = page.get_by_role("figure", name="Detections by class")
    expect(by_class.get_by_role("listitem")).to_contain_text(f"bit{ones}5 tracks", timeout=MAKING_MILLISECONDS)
    # Speeds are in pixels, and this platform has not read the size of the frames.
    expect(page.get_by_role("figure", name="Tracks by speed in pixels per second")).to_have_count(0)
    with page.expect_download() as downloading:
        by_class.get_by_role("button", name="Save “Detections by class” as CSV").click()
    header, row = downloading.value.path().read_bytes().decode().splitlines()
    assert header == "label,detections,tracks,seconds,videos,job_id,first_frame"
    assert row.startswith(f"bit,{ones},5,") and row.endswith(f",1,{job_id},1")
    assert_usable(visit)
    by_class.get_by_role("link").click()
    by_video = page.get_by_role("figure", name="Detections by video")
    by_video.get_by_role("link").click(timeout=MAKING_MILLISECONDS)
    expect(page.locator('.screen[data-frame="1"]')).to_be_visible(timeout=MAKING_MILLISECONDS)


def test_tracks_of_many_videos_are_counted_by_speed(browser: Browser, tmp_path: Path) -> None:
    preparing = {"VOXEL51_SERVER_SIGN_UP": "open", "VOXEL51_SERVER_PREPARE_RENDITIONS": "1"}
    with running(new_platform(tmp_path / "data", environment=preparing)) as platform:
        person = Person.sign_up(platform, "alice")
        data_id = upload(person, numbered_video(tmp_path / "clip.mp4", frames=FRAMES))
        job_id = submit(person, NUMBERS, "bits", data=data_id, frames=FRAMES)
        wait_until(lambda: job_of(person, job_id)["state"] == "COMPLETE", f"{job_id} is not complete")
        wait_until(lambda: _has_size(person), "the platform has not read the size of the frames")
        with visiting(browser, platform, person) as visit:
            speeds = visit.open("/search/charts").get_by_role("figure", name="Tracks by speed in pixels per second")
            speeds.get_by_role("link").first.click(timeout=MAKING_MILLISECONDS)
            expect(visit.page.locator(".screen[data-frame]")).to_be_visible(timeout=MAKING_MILLISECONDS)


def _has_size(person: Person) -> bool:
    answer = requests.get(f"{person.v1}/data", params={"fields": "width"}, headers=person.headers)
    return bool(answer.json()["data"][0]["width"])
