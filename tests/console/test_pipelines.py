"""Pipelines in the console: from the document to a run as a graph, which follows its jobs."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from console.asking import assert_usable, upload
from support.browsers import Person, Visit
from support.video_samples import numbered_video
from support.waiting import LIMIT_MS

pytestmark = pytest.mark.slow

SLOW = {
    "schema_version": 1,
    "name": "Slow",
    "inputs": [{"name": "video", "type": "Video"}],
    "steps": [
        {"name": "first", "analytic": "journeys/patient", "inputs": {"video": {"input": "video"}},
         "parameters": {"seconds": 600}},
        {"name": "second", "analytic": "voxel51/best-frames",
         "inputs": {"video": {"input": "video"}, "shots": {"step": "first"}}},
        {"name": "third", "analytic": "voxel51/best-frames",
         "inputs": {"video": {"input": "video"}, "shots": {"step": "first"}}},
    ],
}  # fmt: skip


def post(person: Person, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = requests.post(f"{person.v1}{path}", json=body, headers=person.headers, timeout=20)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def test_pipeline_is_written_run_and_seen_as_a_graph(visit: Visit, person: Person, tmp_path: Path) -> None:
    upload(person, numbered_video(tmp_path / "one.mp4", frames=6), "one.mp4")
    page = visit.open("/jobs/pipelines")
    expect(page.get_by_role("heading", name="No pipelines yet")).to_be_visible()
    assert_usable(visit)
    page.get_by_role("button", name="New pipeline…").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Document").fill('{"name": "Broken", "steps": []}')
    dialog.get_by_role("button", name="Save pipeline").click()
    expect(dialog.get_by_role("alert")).to_contain_text("A pipeline has 1 to 30 steps, not 0")
    visit.expect("400")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="New pipeline…").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Save pipeline").click()

    expect(page.get_by_role("heading", name="Sharpest frames")).to_be_visible()
    expect(page.get_by_role("list", name="Steps").get_by_role("listitem")).to_have_count(2)
    assert_usable(visit)
    page.get_by_role("button", name="Run pipeline").click()
    expect(page.get_by_text("Choose a video.")).to_be_visible()
    page.get_by_role("button", name="Choose a video…").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("one.mp4")).click()
    page.get_by_role("spinbutton", name="Threshold").fill("30")
    page.get_by_role("button", name="Run pipeline").click()

    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("complete", timeout=LIMIT_MS)
    expect(progress).to_contain_text("2 of 2 steps complete", timeout=LIMIT_MS)
    expect(progress).to_contain_text("threshold = 30")
    nodes = page.get_by_role("list", name="Steps").get_by_role("listitem")
    expect(nodes.nth(1)).to_contain_text("Takes the output of shots")
    expect(page.get_by_role("region", name="Outputs")).to_contain_text("Open the result")
    assert_usable(visit)
    page.get_by_role("region", name="Progress").get_by_role("link", name="Sharpest frames").click()
    page.get_by_role("button", name="Choose a video…").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("one.mp4")).click()
    page.get_by_role("spinbutton", name="Threshold").fill("30")
    page.get_by_label("Reuse results that were computed before").check()
    page.get_by_role("button", name="Run pipeline").click()
    expect(progress).to_contain_text("2 of 2 steps complete")
    expect(nodes.nth(1)).to_contain_text("Not computed: an earlier result was copied.")
    nodes.nth(0).get_by_role("link", name="shots").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sharpest frames · shots")).to_be_visible()


def test_run_is_followed_cancelled_and_retried(visit: Visit, person: Person, tmp_path: Path) -> None:
    data_id = upload(person, numbered_video(tmp_path / "one.mp4", frames=6), "one.mp4")
    pipeline = post(person, "/pipelines", {"document": SLOW})["pipeline"]
    run = post(person, f"/pipelines/{pipeline['id']}/runs", {"inputs": {"video": {"data-id": data_id}}})["run"]
    page = visit.open(f"/jobs/pipelines/runs/{run['id']}")
    nodes = page.get_by_role("list", name="Steps").get_by_role("listitem")
    expect(nodes.nth(0)).to_contain_text("running", timeout=LIMIT_MS)
    expect(nodes.nth(1)).to_contain_text("waits for job Slow · first")
    assert_usable(visit)
    page.get_by_role("button", name="Cancel run").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(page.get_by_role("region", name="Progress")).to_contain_text("cancelled")
    expect(nodes.nth(2)).to_contain_text("failed")
    assert_usable(visit)
    page.get_by_role("button", name="Retry failed steps").click()
    expect(nodes.nth(0)).to_contain_text("running", timeout=LIMIT_MS)

    page.get_by_role("navigation", name="Jobs").get_by_role("link", name="Pipelines").click()
    expect(page.get_by_role("table", name="Runs")).to_contain_text("0 of 3")
    page.get_by_role("table", name="Pipelines").get_by_role("link", name="Slow").click()
    page.get_by_role("button", name="Edit…").click()
    text = page.get_by_role("dialog").get_by_label("Document")
    text.fill(text.input_value().replace("600", "601"))
    page.get_by_role("dialog").get_by_role("button", name="Save pipeline").click()
    expect(page.get_by_role("combobox", name="Version")).to_have_value("2")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert download.value.suggested_filename == "Slow.json"
    requests.put(f"{person.v1}/pipeline-runs/{run['id']}/cancel", headers=person.headers, timeout=20)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="No pipelines yet")).to_be_visible()


def test_pipeline_is_scheduled_on_its_page_and_the_schedule_leads_to_it(visit: Visit, person: Person) -> None:
    parameters = [{"name": "seconds", "type": "Number", "default": 600}]
    first, *others = SLOW["steps"]
    steps = [{**first, "parameters": {"seconds": {"parameter": "seconds"}}}, *others]
    pipeline = post(person, "/pipelines", {"document": {**SLOW, "parameters": parameters, "steps": steps}})["pipeline"]
    page = visit.open(f"/jobs/pipelines/{pipeline['id']}")
    page.get_by_role("button", name="Schedule…").click()
    dialog = page.get_by_role("dialog", name="Schedule pipeline")
    assert_usable(visit)
    dialog.get_by_label("Cron expression").fill("0 25 * * *")
    dialog.get_by_role("button", name="Create schedule").click()
    expect(dialog.get_by_role("alert")).to_contain_text("0 25 * * *")
    visit.expect("400")
    dialog.get_by_label("Cron expression").fill("30 2 * * SUN")
    dialog.get_by_label("Name").fill("Nightly")
    dialog.get_by_label("Version").select_option(label="Always version 1")
    dialog.get_by_text("Parameters").click()
    dialog.get_by_role("spinbutton", name="Seconds").fill("5")
    dialog.get_by_role("button", name="Create schedule").click()

    expect(page.get_by_role("heading", name="Nightly")).to_be_visible()
    summary = page.get_by_role("region", name="Schedule", exact=True)
    expect(summary).to_contain_text("type:video")
    expect(summary).to_contain_text("seconds = 5")
    expect(summary).to_contain_text("30 2 * * SUN")
    assert_usable(visit)
    summary.get_by_role("link", name="a pipeline").click()
    expect(page.get_by_role("heading", name="Slow")).to_be_visible()


def test_pipeline_is_shared_run_copied_and_left(
    operator: Person, person: Person, operator_visit: Visit, visit: Visit
) -> None:
    name = f"For {person.name}"
    document = {"name": name, "steps": [{"name": "only", "analytic": "journeys/no-op"}]}
    pipeline = post(operator, "/pipelines", {"document": document})["pipeline"]
    page = operator_visit.open(f"/jobs/pipelines/{pipeline['id']}")
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Username").fill("no-such-user")
    dialog.get_by_role("button", name="Share").click()
    expect(dialog.get_by_role("alert")).to_contain_text("User 'no-such-user' not found")
    operator_visit.expect("400")
    dialog.get_by_label("Username").fill(person.name)
    dialog.get_by_role("button", name="Share").click()
    expect(page.get_by_text(f"Shared with {person.name}", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("list", name="Shared with")).to_contain_text(person.name)
    assert_usable(operator_visit)

    page = visit.open("/jobs/pipelines")
    row = page.get_by_role("table", name="Pipelines").get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text(operator.name)
    row.get_by_role("link", name=name).click()
    expect(page.get_by_text(f"Shared by {operator.name}")).to_be_visible()
    for owners in ("Share", "Edit…", "Delete"):
        expect(page.get_by_role("button", name=owners, exact=True)).to_have_count(0)
    assert_usable(visit)
    page.get_by_role("button", name="Run pipeline").click()
    expect(page.get_by_role("region", name="Progress")).to_contain_text("1 of 1 steps complete", timeout=LIMIT_MS)
    page.get_by_role("region", name="Progress").get_by_role("link", name=name).click()
    page.get_by_role("button", name="Save a copy…").click()
    text = page.get_by_role("dialog").get_by_label("Document")
    text.fill(text.input_value().replace(name, "My copy"))
    page.get_by_role("dialog").get_by_role("button", name="Save pipeline").click()
    expect(page.get_by_role("heading", name="My copy")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_be_visible()

    visit.open(f"/jobs/pipelines/{pipeline['id']}")
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    table = page.get_by_role("table", name="Pipelines")
    expect(table).to_contain_text("My copy")
    expect(table).not_to_contain_text(name)
