"""SQL over labels in the console: examples, results, errors and downloads."""

import pytest
from playwright.sync_api import expect

from console.asking import assert_usable, submit, upload
from support.browsers import Person, Visit
from support.video_samples import footage

pytestmark = pytest.mark.slow

MADE_MILLISECONDS = 120_000


def test_queries_show_their_result_or_error_and_are_downloaded(visit: Visit, person: Person) -> None:
    submit(person, "voxel51/object-tracks", "bikes", data=upload(person, footage("bikes.mp4")), last_frame=60)
    page = visit.open("/jobs")
    expect(page.locator("tbody tr").get_by_text("complete")).to_be_visible(timeout=MADE_MILLISECONDS)
    page.get_by_role("navigation").get_by_role("link", name="Search").first.click()
    page.get_by_role("link", name="SQL").click()

    page.get_by_role("button", name="Run query").click()
    rows = page.get_by_role("region", name="Rows")
    expect(rows.get_by_role("columnheader", name="detections")).to_be_visible(timeout=MADE_MILLISECONDS)
    expect(rows.get_by_role("cell", name="person")).to_be_visible()
    assert_usable(visit)
    with page.expect_download(timeout=MADE_MILLISECONDS) as downloading:
        page.get_by_role("button", name="Download CSV").click()
    assert downloading.value.path().read_text().startswith("label,detections,videos\n")

    visit.expect("400")
    page.get_by_label("Query").fill("SELECT no_such FROM jobs")
    page.get_by_role("button", name="Run query").click()
    expect(page.get_by_role("alert").filter(has_text="no_such")).to_be_visible(timeout=MADE_MILLISECONDS)
