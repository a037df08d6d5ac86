"""Batches in the console: from selected videos to the estimate, the progress, and the retry of what failed."""

import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Route, expect

from console.asking import analytic_id, assert_usable, job_of, submit, upload
from support.browsers import Person, Visit
from support.platforms import NUMBERS
from support.video_samples import numbered_video
from support.waiting import LIMIT_MS, wait_until

pytestmark = pytest.mark.slow


def test_analytic_runs_on_selected_videos_as_a_batch(visit: Visit, person: Person, tmp_path: Path) -> None:
    upload(person, numbered_video(tmp_path / "one.mp4", frames=4), "one.mp4")
    (tmp_path / "broken.mp4").write_text("no video")
    upload(person, tmp_path / "broken.mp4", "broken.mp4")
    visit.expect("/renditions/poster")  # of the file that is not a video
    page = visit.open("/data")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("toolbar").get_by_role("button", name="Run an analytic").click()
    page.get_by_role("link", name="shot-detection").first.click()
    page.get_by_role("link", name="Run", exact=True).first.click()
    estimate = page.get_by_role("region", name="Estimate")
    expect(estimate).to_contain_text("Videos")
    expect(estimate).to_contain_text("2")
    at_once = page.get_by_label("Jobs at once")
    at_once.fill("201")
    page.get_by_role("button", name="Run on 2 videos").click()
    expect(page.get_by_role("alert").filter(has_text="Enter a whole number from 1 to 200.")).to_be_visible()
    at_once.fill("1")
    page.get_by_label("Compute again what is computed already").check()
    assert_usable(visit)
    page.get_by_role("button", name="Run on 2 videos").click()

    expect(page.get_by_role("heading", name="shot-detection · 2 videos")).to_be_visible()
    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("1 complete, 1 failed", timeout=LIMIT_MS)
    expect(progress).to_contain_text("at most 1 job")
    expect(progress).to_contain_text("computed again")
    items = page.get_by_role("table", name="Items")
    expect(items.get_by_role("row").filter(has_text="one.mp4")).to_contain_text("shot 1")
    assert_usable(visit)
    page.get_by_label("State").select_option("FAILED")
    expect(items.locator("tbody tr")).to_have_count(1)
    with page.expect_response(lambda answer: answer.url.endswith("/retry")) as retried:
        page.get_by_role("button", name="Retry 1 failed").click()
    assert retried.value.json()["batch"]["counts"]["waiting"] == 1
    expect(page.get_by_role("button", name="Retry 1 failed")).to_be_visible(timeout=LIMIT_MS)  # it has failed again

    page.get_by_role("navigation", name="Jobs").get_by_role("link", name="Batches").click()
    expect(page.get_by_role("table", name="Batches")).to_contain_text("1 complete, 1 failed")
    assert_usable(visit)


def test_batch_is_paused_and_cancelled(visit: Visit, person: Person, tmp_path: Path) -> None:
    data_id = upload(person, numbered_video(tmp_path / "one.mp4", frames=4), "one.mp4")
    body = {
        "analytic": "journeys/patient", "input": "video", "selection": {"data_ids": [data_id]},
        "parameter_sets": [{"seconds": 600}, {"seconds": 601}], "max_running": 1, "name": "endless",
    }  # fmt: skip
    made = requests.post(f"{person.v1}/batches", json=body, headers=person.headers).json()["batch"]
    page = visit.open(f"/jobs/batches/{made['id']}")
    expect(page.get_by_role("table", name="Parameter sets")).to_contain_text("601")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("region", name="Progress")).to_contain_text("paused")
    page.get_by_role("button", name="Cancel batch").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel batch").click()
    expect(page.get_by_role("region", name="Progress")).to_contain_text("2 cancelled")
    expect(page.get_by_role("button", name="Retry 2 cancelled")).to_be_visible()


def test_sweep_is_a_table_of_videos_by_parameter_sets(visit: Visit, person: Person, tmp_path: Path) -> None:
    ids = [upload(person, numbered_video(tmp_path / f"{name}.mp4", frames=6), f"{name}.mp4") for name in ("one", "two")]
    page = visit.open(f"/analytics/{analytic_id(person, 'voxel51/shot-detection')}/run?data={','.join(ids)}")
    page.locator("summary", has_text="Sweep").click()
    page.get_by_label("Vary", exact=True).select_option("threshold")
    values = page.get_by_label("Values", exact=True)
    values.fill("15, much")
    page.get_by_role("button", name="Run on 2 videos").click()
    expect(page.get_by_role("alert").filter(has_text="“much” is not a value of “Threshold”")).to_be_visible()
    values.fill("15, 25")
    expect(page.get_by_role("region", name="Estimate")).to_contain_text("Runs4", timeout=LIMIT_MS)
    assert_usable(visit)
    page.get_by_role("button", name="Run 2 sets on 2 videos").click()

    expect(page.get_by_role("region", name="Progress")).to_contain_text("4 complete", timeout=LIMIT_MS)
    pivot = page.get_by_role("table", name="Results by video and parameter set")
    expect(pivot.get_by_role("columnheader")).to_have_text(
        ["Video", "Set 1threshold 15Charts", "Set 2threshold 25Charts"]
    )
    one = pivot.get_by_role("row").filter(has_text="one.mp4")
    expect(one.get_by_role("cell").first).to_contain_text("shot 1", timeout=LIMIT_MS)
    expect(pivot.get_by_role("row").last).to_have_text(re.compile(r"^Total2[\d.]+ s2[\d.]+ s$"))
    page.get_by_label("Figure").select_option("label shot")
    expect(one.get_by_role("cell").first).to_have_text(re.compile(r"^1[\d.]+ s$"))
    assert_usable(visit)
    compare = one.get_by_role("link", name="Compare")
    first, second = (one.get_by_role("link", name="1", exact=True).nth(at).get_attribute("href") for at in (0, 1))
    assert compare.get_attribute("href") == f"{first}/compare/{str(second).rpartition('/')[2]}"


def test_two_batches_are_compared_by_video(visit: Visit, person: Person, tmp_path: Path) -> None:
    """Such as two versions of an analytic on a collection: a table of differences and run times."""
    ids = [upload(person, numbered_video(tmp_path / f"{name}.mp4", frames=6), f"{name}.mp4") for name in ("one", "two")]
    made = []
    for name, last in (("older", 3), ("newer", 5)):
        asked = {"analytic": NUMBERS, "input": "video", "selection": {"data_ids": ids}, "name": name,
                 "parameter_sets": [{"frames": last}], "max_running": 1}  # fmt: skip
        answer = requests.post(f"{person.v1}/batches", json=asked, headers=person.headers)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["batch"]["id"])
    newer = f"{person.v1}/batches/{made[1]}"
    assert requests.put(f"{newer}/pause", headers=person.headers).ok  # its second video waits
    page = visit.open(f"/jobs/batches/{made[0]}")
    expect(page.get_by_role("region", name="Progress")).to_contain_text("2 complete", timeout=LIMIT_MS)
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("dialog", name="Compare older").get_by_role("link", name="newer").click()

    table = page.get_by_role("table", name="Results by video and parameter set")
    expect(table.get_by_role("columnheader").nth(1)).to_contain_text("older")
    page.get_by_label("Compare with").select_option("1")
    assert requests.put(f"{newer}/resume", headers=person.headers).ok
    expect(table).not_to_contain_text("waiting", timeout=LIMIT_MS)
    expect(page.get_by_label("Compare with")).to_have_value("1")  # the choice outlives the new figures
    page.get_by_label("Compare with").select_option("0")
    one = table.get_by_role("row").filter(has_text="one.mp4")
    # Bits of the numbers to 3, and to 5.
    expect(one.get_by_role("cell").nth(1)).to_contain_text("3 +1", timeout=LIMIT_MS)
    expect(table.get_by_role("row").last).to_have_text(re.compile(r"^Total4[\d.]+ s6[\d.]+ s$"))
    expect(one.get_by_role("link", name="Compare")).to_be_visible()
    assert_usable(visit)


def test_analytic_runs_on_all_videos_that_match(visit: Visit, person: Person, tmp_path: Path) -> None:
    film = numbered_video(tmp_path / "one.mp4", frames=4)
    for number in range(26):  # more than a page has
        upload(person, film, f"cam-{number:02}.mp4")
    upload(person, film, "other.mp4")
    page = visit.open("/data?search=name:cam")
    page.get_by_label("Select all on this page").check()
    bar = page.get_by_role("toolbar")
    bar.get_by_role("button", name="Select all 26 that match").click()
    expect(bar.get_by_role("status")).to_have_text("All 26 matches selected")
    expect(bar.get_by_role("button", name="Delete")).to_be_disabled()
    assert_usable(visit)
    bar.get_by_role("button", name="Add tags").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Tags").fill("entrance")
    page.get_by_role("dialog").get_by_role("button", name="Add tags").click()
    expect(page.get_by_text("26 tagged.")).to_be_visible()
    bar.get_by_role("button", name="Add to collection").click()
    page.get_by_role("dialog").get_by_label("Name of the new collection").fill("Cameras")
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("26 added")).to_be_visible()
    page.get_by_label("Select cam-25.mp4").uncheck()
    expect(bar.get_by_role("status")).to_have_text("24 selected")
    page.get_by_label("Select cam-25.mp4").check()
    bar.get_by_role("button", name="Select all 26 that match").click()
    bar.get_by_role("button", name="Run an analytic").click()
    expect(page.get_by_text("all videos that match “name:cam”")).to_be_visible()
    page.get_by_role("link", name="Run no-op").first.click()
    expect(page.get_by_text("26 videos that match “name:cam”")).to_be_visible()
    assert_usable(visit)
    page.get_by_role("button", name="Run on 26 videos").click()
    expect(page.get_by_role("region", name="Progress")).to_contain_text("26 complete", timeout=LIMIT_MS)


def test_results_of_the_chosen_video_are_offered_for_inputs_of_labels(
    visit: Visit, person: Person, tmp_path: Path
) -> None:
    data_id = upload(person, numbered_video(tmp_path / "one.mp4", frames=4))
    job_id = submit(person, "voxel51/shot-detection", "the cuts", data=data_id)
    wait_until(lambda: job_of(person, job_id)["state"] == "COMPLETE", f"{job_id} is not complete")
    identifier = analytic_id(person, "voxel51/shot-detection")

    def with_labels(route: Route) -> None:
        answer = route.fetch()
        document = answer.json()
        document["inputs"].append({"name": "labels", "type": "types.VideoLabels", "required": True, "description": ""})
        route.fulfill(response=answer, json=document)

    visit.page.route(f"**/v1/analytics/{identifier}", with_labels)
    page = visit.open(f"/analytics/{identifier}/run?data={data_id}")
    page.get_by_role("button", name="Start job").click()
    expect(page.get_by_role("alert").filter(has_text="Choose a result or a file.")).to_be_visible()
    page.get_by_label("Result of a job on this video").select_option("the cuts")
    preview = page.get_by_role("region", name="JSON")
    expect(preview).to_contain_text(f'"job-id": "{job_id}"')
    assert_usable(visit)
