"""Analytics: the catalogue, the page of an analytic, the form that runs one, and uploads of analytics."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from console.asking import analytic_id, assert_usable, jobs_of, request_of, upload, upload_manifest
from support.browsers import Person, Visit
from support.image_archives import docker_archive
from support.video_samples import footage, numbered_video
from support.waiting import LIMIT_MS, wait_until

pytestmark = pytest.mark.slow

SHOTS = "voxel51/shot-detection"
BUILT_IN = ["audio-activity", "face-detection", "face-redaction", "motion-tracks", "object-tracks", "onnx-detector",
            "shot-detection", "text-reading", "video-quality"]  # fmt: skip
"""Analytics that need a video and nothing else, or a file as well."""

MANIFEST: dict[str, Any] = {
    "info": {
        "name": "vehicle-sense",
        "version": "0.1.0",
        "description": "Finds vehicles",
        "supports_cpu": True,
        "supports_gpu": False,
    },
    "inputs": [{"name": "video", "type": "types.Video", "description": "the video", "required": True}],
    "parameters": [],
    "outputs": [],
    "zip_outputs": False,
}


@pytest.fixture(scope="session")
def bikes() -> Path:
    """A real video."""
    return footage("bikes.mp4")


@pytest.fixture
def video(person: Person, bikes: Path) -> str:
    """The id of a video of ``person``."""
    return upload(person, bikes)


def test_catalogue_is_searched_and_filtered(visit: Visit, person: Person) -> None:
    upload_manifest(person, MANIFEST)
    page = visit.open("/analytics")
    listed = requests.get(f"{person.v1}/analytics", headers=person.headers).json()["count"]
    expect(page.get_by_role("article")).to_have_count(listed)
    assert_usable(visit)
    visit.take_picture("analytics")

    page.get_by_label("Search analytics").fill("shot")
    expect(page.get_by_role("heading", name="shot-detection")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(1)
    assert "search=shot" in page.url
    page.get_by_label("Search analytics").fill("nothing has this name")
    expect(page.get_by_text("No results")).to_be_visible()
    page.get_by_label("Search analytics").fill("")
    page.get_by_role("button", name="Your own").click()
    own = page.get_by_role("article")
    expect(own).to_have_count(1)
    expect(own).to_contain_text("vehicle-sense")
    expect(own).to_contain_text("pending")
    expect(own.get_by_role("link", name="Run")).to_be_hidden()


def test_chosen_videos_are_passed_to_the_form(visit: Visit, video: str) -> None:
    page = visit.open(f"/analytics?data={video}")
    expect(page.get_by_text("Choose an analytic to run on bikes.mp4")).to_be_visible()
    page.get_by_role("link", name="Run shot-detection").click()

    expect(page.get_by_role("heading", name="Run shot-detection")).to_be_visible()
    expect(page.get_by_role("group", name="Video").get_by_text("bikes.mp4")).to_be_visible()


def test_analytic_page_documents_the_manifest(visit: Visit, person: Person) -> None:
    page = visit.open(f"/analytics/{analytic_id(person, SHOTS)}")

    expect(page.get_by_role("heading", name=SHOTS)).to_be_visible()
    expect(page.get_by_text("default 10", exact=True)).to_be_visible()
    expect(page.get_by_text("0.5 to 255", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Python")).to_contain_text('api.run("voxel51/shot-detection"')
    expect(page.get_by_role("region", name="Command line")).to_contain_text("voxel51 run voxel51/shot-detection")
    expect(page.get_by_role("heading", name="Limitations")).to_be_visible()
    assert_usable(visit)
    page.get_by_role("link", name="Run").click()
    expect(page.get_by_role("heading", name="Run shot-detection")).to_be_visible()


def test_unknown_analytic_is_not_found(visit: Visit) -> None:
    visit.expect("404")
    page = visit.open("/analytics/none")
    expect(page.get_by_role("heading", name="Analytic not found")).to_be_visible()
    visit.assert_accessible()


def test_markup_in_a_manifest_is_shown_as_text(visit: Visit, person: Person) -> None:
    evil = "<img src=x onerror=alert(1)> `<b>code</b>` javascript:alert(1) https://example.org/a\n\nA new paragraph"
    manifest = json.loads(json.dumps(MANIFEST))
    manifest["info"]["description"] = evil
    manifest["inputs"][0]["description"] = evil
    described = {"description": evil, "placeholder": evil, "required": False}
    manifest["parameters"] = [{"name": "constructor", "type": "types.Number", **described}]
    page = visit.open(f"/analytics/{upload_manifest(person, manifest)}")

    expect(page.get_by_text("<img src=x onerror=alert(1)>").first).to_be_visible()
    links = page.locator("main a[href^='http']")
    expect(links).to_have_count(3)
    assert links.first.get_attribute("href") == "https://example.org/a"
    assert "noopener" in str(links.first.get_attribute("rel"))
    assert page.locator("main img").count() == 0
    assert page.locator("main a[href^='javascript']").count() == 0
    expect(page.locator("p.prose").get_by_text("A new paragraph").first).to_be_visible()


def test_form_of_each_built_in_analytic_submits_its_defaults(visit: Visit, person: Person, video: str) -> None:
    for name in BUILT_IN:
        submit_defaults(visit, person, video, name)


def submit_defaults(visit: Visit, person: Person, video: str, name: str) -> None:
    """Create a job with the form of an analytic as it is, and compare the request with what was not chosen."""
    own_id = analytic_id(person, f"voxel51/{name}")
    page = visit.open(f"/analytics/{own_id}/run?data={video}")
    page.get_by_text("Frames and region").click()
    document = requests.get(f"{person.v1}/analytics/{own_id}/doc", headers=person.headers).json()
    for parameter in document["parameters"]:
        expect(page.locator(f"[data-parameter='{parameter['name']}']")).to_be_visible()
    if name == "onnx-detector":
        page.get_by_role("button", name="Choose a file…").click()
        page.get_by_role("dialog").get_by_role("button", name="bikes.mp4").click()
    page.get_by_label("Start immediately").uncheck()
    page.get_by_role("button", name="Create job").click()

    expect(page.get_by_role("heading", name=f"{name} · bikes.mp4")).to_be_visible()
    job = jobs_of(person)[f"{name} · bikes.mp4"]
    assert job["state"] == "READY"
    wanted = {"model": {"data-id": video}} if name == "onnx-detector" else {}
    assert request_of(person, job["id"]) == {
        "analytic": f"voxel51/{name}",
        "version": document["info"]["version"],
        "inputs": {"video": {"data-id": video}},
        "parameters": wanted,
    }


def test_job_is_submitted_and_its_result_shown_without_a_reload(visit: Visit, person: Person, video: str) -> None:
    page = visit.open(f"/analytics/{analytic_id(person, SHOTS)}/run")
    page.evaluate("window.isTheSamePage = true")
    page.get_by_role("button", name="Choose videos…").click()
    dialog = page.get_by_role("dialog", name="Choose videos")
    dialog.get_by_role("button", name="bikes.mp4").click()
    visit.assert_accessible()
    dialog.get_by_role("button", name="Use selected (1)").click()
    page.get_by_role("spinbutton", name="Threshold").fill("12.5")
    page.get_by_role("combobox", name="Gradual").select_option("no")
    expect(page.get_by_role("region", name="JSON")).to_contain_text('"threshold": 12.5')
    page.get_by_role("tab", name="Python").click()
    expect(page.get_by_role("region", name="Python")).to_contain_text('job_request.set_parameter("gradual", False)')
    assert_usable(visit)
    visit.take_picture("run")
    page.get_by_role("button", name="Start job").click()

    expect(page.get_by_role("heading", name="shot-detection · bikes.mp4")).to_be_visible()
    expect(page.get_by_role("tab", name="Result")).to_have_attribute("aria-selected", "true", timeout=LIMIT_MS)
    assert page.evaluate("window.isTheSamePage")
    # The result is shown from its first partial labels on, when the job still runs.
    wait_until(lambda: jobs_of(person)["shot-detection · bikes.mp4"]["state"] == "COMPLETE")
    job = jobs_of(person)["shot-detection · bikes.mp4"]
    assert request_of(person, job["id"])["parameters"] == {"threshold": 12.5, "gradual": False}


def test_each_of_several_videos_gets_its_own_job(visit: Visit, person: Person, video: str, tmp_path: Path) -> None:
    other = upload(person, numbered_video(tmp_path / "numbers.mp4"), "numbers, <b>many<b>.mp4")
    page = visit.open(f"/analytics/{analytic_id(person, SHOTS)}/run?data={video},{other}")
    page.get_by_label("Name", exact=True).fill("tonight")
    page.get_by_label("Start immediately").uncheck()
    page.get_by_role("button", name="Create 2 jobs").click()

    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(3)
    assert jobs_of(person).keys() == {"tonight: bikes.mp4", "tonight: numbers, <b>many<b>.mp4"}


def test_invalid_values_are_reported_at_their_fields(visit: Visit, person: Person, video: str) -> None:
    page = visit.open(f"/analytics/{analytic_id(person, 'voxel51/object-tracks')}/run")
    page.get_by_role("spinbutton", name="Confidence").fill("7")
    page.get_by_role("textbox", name="Classes").fill("[person")
    page.get_by_text("Frames and region").click()
    page.get_by_label("Left").fill("0.9")
    page.get_by_label("Width").fill("0.5")
    page.get_by_text("Frames and region").click()
    page.get_by_role("button", name="Start job").click()

    expect(field(page, "confidence").get_by_role("alert")).to_have_text("Enter a number in the range: 0.05 to 0.95.")
    expect(field(page, "classes").get_by_role("alert")).to_contain_text("Invalid JSON")
    expect(page.get_by_role("group", name="Video").get_by_role("alert").first).to_have_text("Choose videos.")
    page.get_by_text("Frames and region").click()
    expect(field(page, "region").get_by_role("alert")).to_contain_text("must lie within the frame")
    visit.assert_accessible()
    field(page, "confidence").get_by_role("button", name="Reset to 0.5").click()
    expect(page.get_by_role("spinbutton", name="Confidence")).to_have_value("0.5")
    expect(field(page, "confidence").get_by_role("alert")).to_be_hidden()
    assert jobs_of(person) == {}


def test_errors_of_the_platform_are_shown_at_the_field(visit: Visit, person: Person, video: str) -> None:
    visit.expect("400", "404")
    page = visit.open(f"/analytics/{analytic_id(person, SHOTS)}/run?data={video}")
    expect(page.get_by_role("group", name="Video").get_by_text("bikes.mp4")).to_be_visible()
    requests.delete(f"{person.v1}/data/{video}", headers=person.headers)
    page.get_by_role("button", name="Start job").click()

    expect(page.get_by_role("group", name="Video").get_by_role("alert").first).to_contain_text("not found")


def test_region_is_drawn_on_the_poster(visit: Visit, person: Person, video: str) -> None:
    page = visit.open(f"/analytics/{analytic_id(person, 'voxel51/motion-tracks')}/run?data={video}")
    page.get_by_text("Frames and region").click()
    picture = page.locator(".region-picture")
    picture.scroll_into_view_if_needed()
    expect(picture.locator("img")).to_be_visible(timeout=LIMIT_MS)
    box = picture.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.6)
    page.mouse.up()

    sides = [float(page.get_by_label(name).input_value()) for name in ("Left", "Top", "Width", "Height")]
    assert sides == pytest.approx([0.25, 0.25, 0.5, 0.35], abs=0.02)
    visit.assert_accessible()
    field(page, "region").get_by_role("button", name="Reset to the whole frame").click()
    expect(page.get_by_label("Left")).to_have_value("")


def test_problems_of_an_invalid_manifest_are_listed_by_path(visit: Visit) -> None:
    visit.expect("400")
    page = visit.open("/analytics/new?way=image")
    assert_usable(visit)
    bad = {**MANIFEST, "info": {**MANIFEST["info"], "name": "no name!", "supports_cpu": "yes"}, "surplus": 1}
    page.get_by_label("Manifest (JSON)").fill(json.dumps(bad))
    page.get_by_role("button", name="Upload manifest").click()

    expect(page.get_by_role("heading", name="The manifest is invalid: 3 problems")).to_be_visible()
    problems = page.locator(".problems li")
    expect(problems).to_have_count(3)
    expect(problems.nth(0)).to_have_text(re.compile("^info.name 'no name!' "))
    expect(problems.nth(1)).to_have_text(re.compile("^info.supports_cpu must be true or false"))
    expect(problems.nth(2)).to_have_text(re.compile("^surplus is unknown; known here: info"))
    visit.assert_accessible()
    page.get_by_label("Manifest (JSON)").fill("{ no JSON")
    page.get_by_role("button", name="Upload manifest").click()
    expect(problems).to_have_count(1)
    expect(problems).to_contain_text("not valid JSON")


def test_analytic_is_uploaded_with_its_image_and_deleted(visit: Visit, person: Person, tmp_path: Path) -> None:
    visit.expect("400")
    manifest, image, broken = tmp_path / "manifest.json", tmp_path / "image.tar", tmp_path / "broken.tar"
    manifest.write_text(json.dumps(MANIFEST), encoding="utf-8")
    image.write_bytes(docker_archive())
    broken.write_bytes(b"no archive at all")
    page = visit.open("/analytics/new?way=image")
    page.get_by_role("button", name="Insert example").click()
    expect(page.get_by_label("Manifest (JSON)")).to_have_value(re.compile("my-analytic"))
    page.get_by_label("Open file").set_input_files(manifest)
    expect(page.get_by_label("Manifest (JSON)")).to_have_value(re.compile("vehicle-sense"))
    page.get_by_role("button", name="Upload manifest").click()

    expect(page.get_by_role("heading", name=f"{person.name}/vehicle-sense")).to_be_visible()
    expect(page.get_by_text("The analytic is pending until you upload its CPU image")).to_be_visible()
    assert_usable(visit)
    picker = page.get_by_label("Upload CPU image")
    picker.set_input_files(broken)
    expect(page.get_by_role("group", name="CPU image").get_by_role("alert")).to_contain_text("archive")
    page.get_by_label("Upload CPU image").set_input_files(image)
    expect(page.get_by_text("All images are uploaded")).to_be_visible()
    expect(page.get_by_role("group", name="CPU image").get_by_text(re.compile("docker"))).to_be_visible()
    expect(page.get_by_text("This version cannot run: it is a container image")).to_be_visible()
    expect(page.get_by_role("link", name="Run", exact=True)).to_be_hidden()

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Analytics")).to_be_visible()
    own = {"search": "scope:user"}
    assert requests.get(f"{person.v1}/analytics", params=own, headers=person.headers).json()["count"] == 0


def field(page: Page, parameter: str) -> Locator:
    """Return the field of a parameter."""
    return page.locator(f"[data-parameter='{parameter}']")
