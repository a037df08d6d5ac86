"""Export of datasets: from the selection of jobs to the download."""

import re
import zipfile

import pytest
import requests
from playwright.sync_api import expect

from console.asking import assert_usable, submit, upload
from support.browsers import Person, Visit
from support.video_samples import footage

pytestmark = pytest.mark.slow

MADE_MILLISECONDS = 120_000


def test_selected_jobs_are_exported_as_a_dataset(visit: Visit, person: Person) -> None:
    submit(person, "voxel51/object-tracks", "bikes", data=upload(person, footage("bikes.mp4")), last_frame=60)
    page = visit.open("/jobs")
    expect(page.locator("tbody tr").get_by_text("complete")).to_be_visible(timeout=MADE_MILLISECONDS)
    page.get_by_label("Select all on this page").check()
    page.get_by_role("toolbar").get_by_role("button", name="Export dataset").click()
    dialog = page.get_by_role("dialog", name="Export a dataset of 1 job")
    assert_usable(visit)
    dialog.get_by_role("button", name="Show the size").click()
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as deleted:
        page.get_by_role("dialog", name="Dataset “dataset”").get_by_role("button", name="Close").click()
    assert deleted.value.status == 204
    page.get_by_role("toolbar").get_by_role("button", name="Export dataset").click()

    dialog.get_by_label("Name").fill("street")
    dialog.get_by_label("Every n-th frame").fill("10")
    dialog.get_by_text("Classes", exact=True).click()
    dialog.get_by_label("Labels to merge or leave out").fill("person")
    dialog.get_by_role("button", name="Show the size").click()
    expect(dialog.get_by_role("alert")).to_contain_text("“person” is not label=class")
    dialog.get_by_label("Labels to merge or leave out").fill("person=people, bicycle=")
    dialog.get_by_role("button", name="Show the size").click()
    made = page.get_by_role("dialog", name="Dataset “street”")
    expect(made.get_by_text(re.compile(r"About .*B"))).to_be_visible(timeout=MADE_MILLISECONDS)
    assert_usable(visit)
    with page.expect_download(timeout=MADE_MILLISECONDS) as downloading:
        made.get_by_role("button", name="Export").click()

    assert downloading.value.suggested_filename.endswith(".zip")
    with zipfile.ZipFile(downloading.value.path()) as archive:
        assert "images/train/bikes-000011.jpg" in archive.namelist()
    [dataset] = requests.get(f"{person.v1}/datasets", headers=person.headers).json()["datasets"]
    defined = dataset["definition"]
    assert (dataset["name"], defined["every"]) == ("street", 10)
    assert (defined["rename"], defined["drop"]) == ({"person": "people"}, ["bicycle"])
