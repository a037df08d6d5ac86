"""Reviews: tracks are edited with keys and the pointer and saved as versions; others' saves are announced; accuracy."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from console.asking import assert_usable, job_of, submit, upload
from support.browsers import Person, Visit
from support.platforms import NUMBERS
from support.video_samples import numbered_video
from support.waiting import LIMIT_SECONDS, wait_until

pytestmark = pytest.mark.slow

READY_MILLISECONDS = 120_000
FRAMES = 8
"""Frames 1 to 8: bit 0 is set in frames 1, 3, 5 and 7, bit 1 in 2, 3, 6 and 7, bit 2 in 4 to 7, bit 3 in 8."""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return numbered_video(tmp_path / "clip.mp4", frames=FRAMES)


@pytest.fixture
def job_id(person: Person, clip: Path) -> str:
    """A job whose tracks are the bits of the numbers of the frames."""
    data_id = upload(person, clip)
    found = submit(person, NUMBERS, "numbers", data=data_id, frames=FRAMES)
    wait_until(lambda: job_of(person, found)["state"] == "COMPLETE", f"{found} is not complete")
    return found


def answer_of(person: Person, path: str) -> Any:
    return requests.get(f"{person.v1}{path}", headers=person.headers, timeout=LIMIT_SECONDS).json()


def tracks_of(person: Person, job_id: str, version: int) -> dict[int, tuple[str, list[int], bool]]:
    """Return label, frames, and whether accepted of each track of a version, by number."""
    tracks: dict[int, tuple[str, list[int], bool]] = {}
    for frame, labels in answer_of(person, f"/jobs/{job_id}/reviews/{version}/labels")["frames"].items():
        for box in labels.get("objects", {}).get("objects", []):
            known = tracks.setdefault(box["index"], (box["label"], [], "accepted" in box.get("tags", [])))
            known[1].append(int(frame))
    return tracks


def opened(visit: Visit, job_id: str) -> Page:
    page = visit.open(f"/jobs/{job_id}/review")
    page.get_by_role("list", name="Tracks").get_by_role("button").first.wait_for(timeout=READY_MILLISECONDS)
    return page


def choose(page: Page, title: str) -> None:
    page.get_by_role("list", name="Tracks").get_by_role("button", name=title).click()


def test_tracks_are_reviewed_with_keys_and_saved_as_a_version(visit: Visit, person: Person, job_id: str) -> None:
    before = tracks_of(person, job_id, 0)
    output = requests.get(f"{person.v1}/jobs/{job_id}/output", headers=person.headers, timeout=LIMIT_SECONDS).content
    first, _, third, fourth = sorted(before, key=lambda number: before[number][1])
    page = opened(visit, job_id)
    counts = page.locator(".review-counts")
    expect(counts).to_have_text("4 undecided, 0 accepted, 0 rejected")

    choose(page, f"{before[first][0]} {first}")
    page.keyboard.press("a")
    expect(counts).to_have_text("3 undecided, 1 accepted, 0 rejected")
    page.keyboard.press("r")  # the next undecided track is selected
    expect(counts).to_have_text("2 undecided, 1 accepted, 1 rejected")
    page.keyboard.press("u")
    page.keyboard.press("u")
    expect(counts).to_have_text("4 undecided, 0 accepted, 0 rejected")
    page.keyboard.press("Shift+U")
    page.keyboard.press("Shift+U")
    expect(counts).to_have_text("2 undecided, 1 accepted, 1 rejected")

    choose(page, f"{before[third][0]} {third}")
    page.keyboard.press("e")
    page.get_by_role("dialog").get_by_label("Class").fill("digit")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    page.get_by_label("Frame number").fill("6")
    page.get_by_label("Frame number").press("Enter")
    page.locator('.review .screen[data-frame="6"]').wait_for()
    page.locator(".review .picture-frame").focus()
    page.keyboard.press("s")
    expect(counts).to_have_text("3 undecided, 1 accepted, 1 rejected")
    page.keyboard.press("m")
    choose(page, f"{before[fourth][0]} {fourth}")
    expect(counts).to_have_text("2 undecided, 1 accepted, 1 rejected")

    page.keyboard.press("b")
    area = page.locator(".drawing-area").bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + area["width"] * 0.4, area["y"] + area["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + area["height"] * 0.6, steps=3)
    page.mouse.up()
    expect(page.get_by_text("6 unsaved edits")).to_be_visible()
    assert_usable(visit)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved as review 1")).to_be_visible()
    expect(page.get_by_text("Based on review 1.")).to_be_visible()

    saved = tracks_of(person, job_id, 1)
    expect(counts).to_have_text("2 undecided, 1 accepted, 0 rejected")
    assert set(saved) == {first, third, fourth}
    assert saved[first] == (before[first][0], before[first][1], True)
    assert saved[third][:2] == ("digit", [frame for frame in before[third][1] if frame < 6])
    assert saved[fourth][1] == sorted({*before[fourth][1], 6, *(frame for frame in before[third][1] if frame >= 6)})
    again = requests.get(f"{person.v1}/jobs/{job_id}/output", headers=person.headers, timeout=LIMIT_SECONDS).content
    assert again == output


def test_two_reviewers_learn_of_each_other_and_edits_are_moved(visit: Visit, person: Person, job_id: str) -> None:
    before = tracks_of(person, job_id, 0)
    first, second, *_ = sorted(before, key=lambda number: before[number][1])
    page = opened(visit, job_id)
    choose(page, f"{before[first][0]} {first}")
    page.keyboard.press("a")

    edits = [{"edit": "reject", "tracks": [second]}]
    body = {"base": 0, "edits": edits}
    url = f"{person.v1}/jobs/{job_id}/reviews"
    assert requests.post(url, json=body, headers=person.headers, timeout=LIMIT_SECONDS).status_code == 201
    expect(page.get_by_text("These labels were saved elsewhere in the meantime")).to_be_visible()
    visit.expect("409")
    page.get_by_role("button", name="Save review").click()
    expect(page.get_by_text("Not saved: the labels were saved elsewhere")).to_be_visible()
    page.get_by_role("button", name="Apply my edits to review 1").click()
    expect(page.locator(".review-counts")).to_have_text("2 undecided, 1 accepted, 0 rejected")
    page.get_by_role("button", name="Save review").click()
    expect(page.get_by_text("Saved as review 2")).to_be_visible()
    assert tracks_of(person, job_id, 2)[first][2]
    assert second not in tracks_of(person, job_id, 2)

    page.get_by_role("button", name="Versions of the labels").click()
    page.get_by_role("button", name="Compare two versions").click()
    page.get_by_role("dialog").get_by_role("button", name="Compare").click()
    expect(page.get_by_text("numbers, review 2").first).to_be_visible()
    gone = len(before[second][1])
    expect(page.get_by_text(f"Difference 1 of {gone} frames")).to_be_visible(timeout=READY_MILLISECONDS)


def test_an_editor_of_a_collection_reviews_a_job_on_its_video(
    visit: Visit, person: Person, operator: Person, clip: Path
) -> None:
    data_id = upload(operator, clip)
    job_id = submit(operator, NUMBERS, "numbers", data=data_id, frames=FRAMES)
    wait_until(lambda: job_of(operator, job_id)["state"] == "COMPLETE", f"{job_id} is not complete")
    send = partial(requests.request, headers=operator.headers, timeout=LIMIT_SECONDS)
    name = f"shared with {person.name}"
    created = send("POST", f"{operator.v1}/collections", json={"name": name}).json()["collection"]["id"]
    send("POST", f"{operator.v1}/collections/{created}/members", json={"action": "add", "ids": [data_id]})
    send("PUT", f"{operator.v1}/collections/{created}/shares/{person.name}", json={"role": "editor"})

    page = visit.open(f"/collections/{created}")
    page.get_by_role("link", name="clip.mp4").click()
    video = page.get_by_label("clip.mp4")
    expect(video).to_have_js_property("videoWidth", 320, timeout=READY_MILLISECONDS)  # it is decoded
    expect(page.get_by_role("region", name="Results").get_by_role("link", name="numbers")).to_be_visible()
    assert_usable(visit)
    page.get_by_role("link", name=name).click()
    page.get_by_role("checkbox", name="Select clip.mp4").check()
    page.get_by_role("button", name="Review labels").click()
    page.get_by_role("list", name="Tracks").get_by_role("button").first.click(timeout=READY_MILLISECONDS)
    page.keyboard.press("a")
    page.get_by_role("button", name="Save review").click()

    expect(page.get_by_text("Based on review 1")).to_be_visible()
    [saved] = answer_of(operator, f"/jobs/{job_id}/reviews")["reviews"]
    assert (saved["reviewer"], saved["accepted"]) == (person.name, 1)
    visit.assert_accessible()


def test_accuracy_of_an_analytic_on_reviewed_videos(visit: Visit, person: Person, job_id: str) -> None:
    before = tracks_of(person, job_id, 0)
    rejected, *accepted = sorted(before, key=lambda number: before[number][1])
    page = opened(visit, job_id)
    page.set_viewport_size({"width": 390, "height": 800})
    choose(page, f"{before[rejected][0]} {rejected}")
    page.get_by_role("toolbar", name="Review").get_by_role("button", name="Reject").click()
    page.get_by_role("button", name="Accept all others").click()
    visit.assert_fits()
    page.get_by_role("button", name="Save review").click()
    expect(page.get_by_text("Saved as review 1")).to_be_visible()

    page.set_viewport_size({"width": 1280, "height": 800})
    visit.open("/jobs/accuracy")
    row = page.get_by_role("region", name="Scores by video").get_by_role("row").filter(has_text="numbers").first
    found = sum(len(frames) for _, frames, _ in before.values())
    right = sum(len(before[number][1]) for number in accepted)
    expect(row).to_contain_text(f"{100 * right / found:.0f}", timeout=READY_MILLISECONDS)
    expect(row).to_contain_text("100")
    assert_usable(visit)
    row.get_by_role("link", name="Review 1 of numbers").click()
    expect(page.get_by_role("heading", name="Review numbers")).to_be_visible()
