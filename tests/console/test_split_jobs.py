"""Split jobs in the console: the field for parts, the parts of a job, and another try of those that failed."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from console.asking import analytic_id, assert_usable, submit, upload
from support.browsers import Person, Visit
from support.video_samples import numbered_video

pytestmark = pytest.mark.slow

DIVISIBLE = "journeys/divisible"
RUNNING_MILLISECONDS = 120_000


def test_a_job_is_divided_by_the_form_and_failed_parts_are_tried_again(
    visit: Visit, person: Person, tmp_path: Path
) -> None:
    video = upload(person, numbered_video(tmp_path / "film.mp4", frames=30))
    page = visit.open(f"/analytics/{analytic_id(person, DIVISIBLE)}/run?data={video}")
    page.get_by_role("spinbutton", name="Parts").fill("3")
    expect(page.get_by_text('"parts": 3')).to_be_visible()
    page.get_by_role("spinbutton", name="Fail at").fill("25")
    page.get_by_role("button", name="Start job").click()

    parts = page.get_by_role("region", name="Parts", exact=True)
    message = "Part 3 of 3 (frames 21 to 30) failed: The analytic failed: RuntimeError: the sample broke at frame 25"
    expect(page.get_by_role("region", name="Failure")).to_contain_text(message, timeout=RUNNING_MILLISECONDS)
    expect(parts.get_by_role("row", name="1 to 10")).to_be_visible()
    assert_usable(visit)

    page.get_by_role("button", name="Retry failed parts").click()
    expect(page.get_by_text("submitted again")).to_be_visible()
    expect(parts.get_by_role("row", name="1 to 10")).to_contain_text("complete", timeout=RUNNING_MILLISECONDS)


def test_a_job_that_is_not_divided_has_no_parts(visit: Visit, person: Person) -> None:
    page = visit.open(f"/jobs/{submit(person, 'journeys/no-op', 'whole')}")

    expect(page.get_by_role("tab", name="Overview")).to_be_visible()
    expect(page.get_by_role("region", name="Parts", exact=True)).to_have_count(0)
