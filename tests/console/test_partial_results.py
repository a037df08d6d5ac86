"""Partial results in the console: boxes appear in the player while the job runs, and stay, marked, if it fails."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

from console.asking import assert_usable, jobs_of, submit, upload
from support.browsers import Person, Visit
from support.video_samples import numbered_video

pytestmark = pytest.mark.slow

STEADY = "journeys/steady"
FRAMES = 30
MAKING_MILLISECONDS = 120_000
ENDLESS = {"frames": 1000, "pause_seconds": 2}


@pytest.fixture(autouse=True)
def no_job_outlives_its_test(person: Person) -> Iterator[None]:
    yield
    ids = [job["id"] for job in jobs_of(person).values()]
    requests.post(f"{person.v1}/jobs/batch", headers=person.headers, json={"action": "kill", "ids": ids})


@pytest.fixture
def video(person: Person, tmp_path: Path) -> str:
    path = tmp_path / "numbers.mp4"
    numbered_video(path, frames=FRAMES)
    return upload(person, path)


def drawn_pixels(page: Page) -> int:
    """Return how many pixels of the overlay are drawn."""
    count: int = page.evaluate(
        """() => {
          const overlay = document.querySelector(".overlay");
          const { data } = overlay.getContext("2d").getImageData(0, 0, overlay.width, overlay.height);
          return data.filter((value, index) => index % 4 === 3 && value > 0).length;
        }"""
    )
    return count


def test_boxes_appear_in_the_player_while_the_job_runs(visit: Visit, person: Person, video: str) -> None:
    job_id = submit(person, STEADY, "count slowly", data=video, **ENDLESS)
    page = visit.open(f"/jobs/{job_id}")
    expect(page.get_by_text("Partial result", exact=True)).to_be_visible(timeout=MAKING_MILLISECONDS)
    expect(page.get_by_text("New ones appear while the job runs")).to_be_visible()
    expect(page.locator(".screen")).to_have_attribute("data-frame", "1", timeout=MAKING_MILLISECONDS)
    page.wait_for_function("document.querySelector('.overlay').width > 300")
    assert drawn_pixels(page) > 0
    page.evaluate("window.firstVideo = document.querySelector('video')")
    tracks = page.locator(".track-count")
    page.get_by_role("tab", name="Tracks and events").click()
    before = tracks.text_content()

    expect(tracks).not_to_have_text(before or "", timeout=MAKING_MILLISECONDS)  # without a reload of the page

    assert page.evaluate("window.firstVideo === document.querySelector('video')")  # the player goes on
    assert requests.get(f"{person.v1}/jobs/{job_id}", headers=person.headers).json()["job"]["state"] == "RUNNING"
    assert_usable(visit)


def test_result_replaces_the_partial_one(visit: Visit, person: Person, video: str) -> None:
    job_id = submit(person, STEADY, "count", data=video, frames=FRAMES, pause_seconds=0.3)
    page = visit.open(f"/jobs/{job_id}")
    expect(page.get_by_text("Partial result", exact=True)).to_be_visible(timeout=MAKING_MILLISECONDS)

    expect(page.get_by_role("tab", name="Raw labels")).to_be_visible(timeout=MAKING_MILLISECONDS)

    expect(page.get_by_text("Partial result", exact=True)).not_to_be_visible()
    page.get_by_role("tab", name="Tracks and events").click()
    expect(page.locator(".track-count")).to_have_text(re.compile(f"^{FRAMES + 5} "), timeout=MAKING_MILLISECONDS)


def shared_page(person: Person, job_id: str) -> str:
    """Create a share link to a job, and return the path of its page."""
    url = f"{person.v1}/jobs/{job_id}/shares"
    parts = urlsplit(requests.post(url, json={}, headers=person.headers, timeout=20).json()["url"])
    return f"{parts.path}#{parts.fragment}"


def test_share_link_follows_a_running_job_to_its_result(
    stranger: Visit, visit: Visit, person: Person, video: str
) -> None:
    job_id = submit(person, STEADY, "count", data=video, frames=FRAMES, pause_seconds=0.5)

    page = stranger.open(shared_page(person, job_id))

    expect(page.get_by_text("Partial result", exact=True)).to_be_visible(timeout=MAKING_MILLISECONDS)
    expect(page.get_by_text(re.compile("Found so far: .*object"))).to_be_visible()
    assert_usable(stranger)
    expect(page.get_by_role("link", name="Download output")).to_be_visible(timeout=MAKING_MILLISECONDS)
    expect(page.get_by_text("Partial result", exact=True)).to_have_count(0)


def test_share_link_of_a_failed_job_has_its_partial_result(
    stranger: Visit, visit: Visit, person: Person, video: str
) -> None:
    job_id = submit(person, STEADY, "break", data=video, frames=FRAMES, pause_seconds=0, fail_at=21)

    page = stranger.open(shared_page(person, job_id))

    expect(page.get_by_text("The job ended before it was complete")).to_be_visible(timeout=MAKING_MILLISECONDS)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download partial result").click(timeout=MAKING_MILLISECONDS)
    assert [*json.loads(Path(saved.value.path()).read_text())["frames"]] == [str(number) for number in range(1, 21)]


def test_labels_of_a_failed_job_are_shown_and_downloaded_as_a_partial_result(
    visit: Visit, person: Person, video: str
) -> None:
    job_id = submit(person, STEADY, "break", data=video, frames=FRAMES, pause_seconds=0, fail_at=21)
    page = visit.open(f"/jobs/{job_id}")
    expect(page.get_by_role("region", name="Failure")).to_be_visible(timeout=MAKING_MILLISECONDS)
    page.get_by_role("tab", name="Messages").click()
    page.get_by_role("button", name="View partial result").click()
    expect(page.get_by_text("The job ended before it was complete")).to_be_visible()
    expect(page.locator(".screen")).to_have_attribute("data-frame", "1", timeout=MAKING_MILLISECONDS)
    assert_usable(visit)

    with page.expect_download() as saved:
        page.locator(".partial-mark").get_by_role("button", name="Download").click()

    assert saved.value.suggested_filename == "break.partial.json"
    labels = json.loads(Path(saved.value.path()).read_text())
    assert [*labels["frames"]] == [str(number) for number in range(1, 21)]
