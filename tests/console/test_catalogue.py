"""Catalogue: cards with a picture of a result, measured run time, model; and trying an analytic on a few seconds."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from console.asking import analytic_id, assert_usable, jobs_of, request_of, upload
from demo.platform_process import PlatformProcess
from support.browsers import Person, Visit
from support.finished_jobs import api_of, finished_job
from support.platforms import NUMBERS, new_platform, running
from support.video_samples import numbered_video

pytestmark = pytest.mark.slow

SECONDS = {"start_seconds": 0, "end_seconds": 3}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """A platform of these tests alone: no other test has measured a run time on it."""
    folder = tmp_path_factory.mktemp("catalogue") / "data"
    with running(new_platform(folder, environment={"VOXEL51_SERVER_SIGN_UP": "open"})) as own:
        yield own


@pytest.fixture(scope="module")
def operator(platform: PlatformProcess) -> Person:
    return Person.sign_up(platform, "olivia")


def test_cards_show_what_helps_to_choose(visit: Visit) -> None:
    page = visit.open("/analytics")

    first = page.get_by_role("article").first
    expect(first.get_by_role("heading", name="object-tracks")).to_be_visible()
    expect(first).to_contain_text("COCO mAP 22.9")
    expect(first).to_contain_text("nanodet-g, Apache-2.0")
    expect(card(page, "voxel51/face-detection")).to_contain_text("WIDER FACE")
    expect(page.get_by_text("public", exact=True)).to_have_count(0)
    pictures = page.locator("img[src*='/pictures/']")
    expect(pictures).to_have_count(10)
    for place in range(10):
        pictures.nth(place).scroll_into_view_if_needed()
    visit.wait_until("[...document.querySelectorAll('main img')].every(each => each.complete && each.naturalWidth > 0)")
    assert_usable(visit)


def test_analytic_is_tried_on_the_sample_video(visit: Visit, person: Person) -> None:
    page = visit.open("/analytics")
    expect(page.get_by_text("not measured yet")).to_have_count(0)  # a text on every card would say nothing

    page.get_by_role("button", name=re.compile("Try object-tracks")).click()
    dialog = page.get_by_role("dialog", name="Choose a video")
    visit.assert_accessible()
    dialog.get_by_role("button", name="Use the sample video").click()

    expect(page.get_by_role("heading", name="object-tracks · sample-street.mp4, 3 s")).to_be_visible()
    expect(page.get_by_role("tab", name="Result")).to_have_attribute("aria-selected", "true")
    page.locator('.screen[data-frame="1"]').wait_for()
    expect(page.get_by_role("button", name=re.compile("^person")).first).to_be_visible()
    [job] = jobs_of(person).values()
    assert request_of(person, job["id"])["parameters"] == SECONDS

    page.get_by_role("link", name="Run on the whole video").click()
    expect(page.get_by_role("heading", name="Run object-tracks")).to_be_visible()
    expect(page.get_by_role("group", name="Video").get_by_text("sample-street.mp4")).to_be_visible()
    expect(page.get_by_role("region", name="JSON")).to_contain_text('"parameters": {}')
    expect(page.get_by_text(re.compile(r"^[\d.]+ (s|min) per minute of video$"))).to_be_visible()

    page = visit.open("/analytics")
    expect(card(page, "voxel51/object-tracks")).to_contain_text(
        re.compile(r"Run time[\d.]+ (s|min) per minute of video")
    )
    expect(card(page, "voxel51/text-reading")).to_contain_text("not measured yet")
    page.get_by_role("button", name=re.compile("Try video-quality")).click()
    page.get_by_role("dialog").get_by_role("button", name="Use the sample video").click()
    expect(page.get_by_role("heading", name="video-quality · sample-street.mp4, 3 s")).to_be_visible()
    listed = requests.get(f"{person.v1}/data", headers=person.headers).json()
    assert listed["count"] == 1, "the sample video was uploaded twice"


def test_form_is_tried_with_its_values(visit: Visit, person: Person, tmp_path: Path) -> None:
    video = upload(person, numbered_video(tmp_path / "numbers.mp4"))
    page = visit.open(f"/analytics/{analytic_id(person, 'voxel51/shot-detection')}/run?data={video}")
    page.get_by_role("spinbutton", name="Threshold").fill("12.5")
    page.get_by_text("Frames and region").click()
    page.get_by_role("spinbutton", name="Start seconds").fill("0.2")
    page.get_by_role("spinbutton", name="Last frame").fill("7")
    page.get_by_role("button", name="Try on 3 seconds").click()

    expect(page.get_by_role("heading", name="shot-detection · numbers.mp4, 3 s")).to_be_visible()
    [job] = jobs_of(person).values()
    assert request_of(person, job["id"])["parameters"] == {"threshold": 12.5, "start_seconds": 0.2, "end_seconds": 3.2}


def test_form_without_a_video_is_not_tried(visit: Visit, person: Person) -> None:
    page = visit.open(f"/analytics/{analytic_id(person, 'voxel51/shot-detection')}/run")
    page.get_by_role("button", name="Try on 3 seconds").click()

    expect(page.get_by_role("group", name="Video").get_by_role("alert").first).to_have_text("Choose videos.")
    assert jobs_of(person) == {}


def test_card_shows_the_users_own_latest_result(
    visit: Visit, operator_visit: Visit, person: Person, tmp_path: Path
) -> None:
    video = upload(person, numbered_video(tmp_path / "numbers.mp4"))
    with api_of(person, tmp_path) as api:
        job_id = finished_job(api, NUMBERS, video)

    shown = card(visit.open("/analytics"), NUMBERS)
    shown.scroll_into_view_if_needed()

    expect(shown.locator("img")).to_have_attribute("src", re.compile(f"/v1/jobs/{job_id}/renditions/frame"))
    page = operator_visit.open("/analytics")
    expect(card(page, "voxel51/object-tracks")).to_contain_text("nanodet-g")  # the facts are there
    expect(card(page, NUMBERS).locator("img")).to_have_count(0)


def card(page: Page, name: str) -> Locator:
    """Return the card of an analytic."""
    return page.locator(f"[data-name='{name}']")
