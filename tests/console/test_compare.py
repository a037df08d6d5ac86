"""The comparison of two jobs: the same frame on both sides, the differing boxes, and the way from one to the next."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from console.asking import assert_usable, job_of, submit, upload
from support.browsers import Person, Visit
from support.platforms import NUMBERS
from support.video_samples import numbered_video
from support.waiting import wait_until

pytestmark = pytest.mark.slow

MAKING_MILLISECONDS = 120_000

_COLOURS = """side => {
  const overlay = document.querySelectorAll(".comparison .overlay")[side];
  const { data } = overlay.getContext("2d").getImageData(0, 0, overlay.width, overlay.height);
  const found = {};
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 255) found[[data[at], data[at + 1], data[at + 2]]] = true;
  }
  return found;
}"""
_REMOVED = "255,143,134"
_ADDED = "111,224,160"


def finished(person: Person, name: str, data_id: str, frames: int) -> str:
    """Run a job that labels the bits of the numbers of the first frames; return its id."""
    job_id = submit(person, NUMBERS, name, data=data_id, frames=frames)
    wait_until(lambda: job_of(person, job_id)["state"] == "COMPLETE", f"{job_id} is not complete")
    return job_id


def shown_frames(page: Page) -> list[str]:
    return [str(each.get_attribute("data-frame")) for each in page.locator(".comparison .screen").all()]


def test_two_jobs_are_compared_in_step(visit: Visit, person: Person, tmp_path: Path) -> None:
    visit.expect("willReadFrequently")  # the test reads the canvases, which the console does not
    data_id = upload(person, numbered_video(tmp_path / "clip.mp4", frames=30))
    long = finished(person, "all frames", data_id, 20)
    finished(person, "few frames", data_id, 16)
    page = visit.open(f"/jobs/{long}")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("dialog").get_by_role("link", name="few frames").click()

    page.locator('.comparison .screen[data-frame="17"]').first.wait_for(timeout=MAKING_MILLISECONDS)
    assert shown_frames(page) == ["17", "17"]
    expect(page.get_by_text("Difference 1 of 3, in 4 frames")).to_be_visible()
    expect(page.get_by_role("list").filter(has_text="\u2212 bit 0")).to_contain_text("\u2212 bit 4")
    wait_until(lambda: _REMOVED in page.evaluate(_COLOURS, 0), "the removed boxes are not drawn")
    assert _REMOVED not in page.evaluate(_COLOURS, 1)

    page.keyboard.press("n")
    page.locator('.comparison .screen[data-frame="18"]').first.wait_for()
    page.get_by_role("button", name="Next difference").click()
    page.locator('.comparison .screen[data-frame="20"]').first.wait_for()  # in frame 19, no other bit begins to differ
    page.keyboard.press("p")
    page.locator('.comparison .screen[data-frame="18"]').first.wait_for()
    assert shown_frames(page) == ["18", "18"]
    row = page.get_by_role("region", name="Figures by label").get_by_role("row").filter(has_text="bit")
    boxes = [sum(bin(number).count("1") for number in range(1, last + 1)) for last in (16, 20)]
    expect(row.get_by_role("cell")).to_have_text([str(boxes[0]), "1.000", str(boxes[1] - boxes[0]), "0", "5 / 5"])

    page.get_by_role("button", name="Overlaid").click()
    expect(page.locator(".comparison .pane")).to_have_count(2)
    expect(page.locator(".comparison .pane").nth(1)).to_be_hidden()
    assert_usable(visit)


def test_jobs_are_compared_from_the_list(visit: Visit, person: Person, tmp_path: Path) -> None:
    visit.expect("willReadFrequently")
    data_id = upload(person, numbered_video(tmp_path / "clip.mp4", frames=20))
    first, second = finished(person, "first", data_id, 3), finished(person, "second", data_id, 5)
    page = visit.open("/jobs")
    for name in ("first", "second"):
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("button", name="Compare").click()

    page.wait_for_url(f"**/jobs/{first}/compare/{second}**")
    page.locator('.comparison .screen[data-frame="4"]').first.wait_for(timeout=MAKING_MILLISECONDS)
    wait_until(lambda: _ADDED in page.evaluate(_COLOURS, 1), "the added boxes are not drawn")
    with page.expect_response(lambda response: "overlap=0.9" in response.url and response.status == 200):
        page.get_by_label("Same if boxes overlap (IoU) by at least").select_option("0.9")
    expect(page.get_by_text(re.compile(r"Difference 1 of \d+, in 2 frames"))).to_be_visible()


def test_jobs_of_others_are_not_compared(visit: Visit, person: Person, operator: Person, tmp_path: Path) -> None:
    visit.expect("404")
    video = numbered_video(tmp_path / "clip.mp4", frames=10)
    mine = finished(person, "mine", upload(person, video), 2)
    other = finished(operator, "other", upload(operator, video), 2)
    for path in (f"/jobs/{mine}/compare/{other}", f"/jobs/{other}/compare/{mine}"):
        visit.page.goto(visit.origin + path)
        expect(visit.page.get_by_role("heading", name="Job not found")).to_be_visible()
