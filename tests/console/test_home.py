"""The home page: for new users, and for users with videos and jobs."""

import json
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from support.browser_uploads import kept, tray
from support.browsers import DESK, PHONE, Person, Visit
from support.platforms import PATIENT
from support.video_samples import footage
from support.waiting import LIMIT_MS

pytestmark = pytest.mark.slow


def test_new_user_uploads_a_video_and_opens_it(visit: Visit, person: Person) -> None:
    page = visit.open("/")
    expect(page.get_by_role("heading", name=f"Hello, {person.name}")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Run an analytic")).to_be_visible()
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    visit.take_picture("home-new-user")
    page.set_viewport_size(PHONE)
    visit.assert_fits()
    visit.assert_accessible()
    page.set_viewport_size(DESK)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload files").click()
    chooser.value.set_files(footage("bikes.mp4"))

    expect(tray(page).get_by_role("link", name="Run an analytic")).to_be_visible(timeout=LIMIT_MS)
    data_id = kept(person)["bikes.mp4"]["id"]
    assert tray(page).get_by_role("link", name="Run an analytic").get_attribute("href") == f"/analytics?data={data_id}"
    recent = page.get_by_role("region", name="Recent videos")
    expect(recent.get_by_role("link", name="bikes.mp4")).to_be_visible()
    tray(page).get_by_role("link", name="Open").click()
    expect(page.locator("video, canvas").first).to_be_visible(timeout=LIMIT_MS)


def test_home_page_shows_recent_videos_and_follows_jobs(visit: Visit, operator: Person, person: Person) -> None:
    with footage("bikes.mp4").open("rb") as file:
        answer = requests.post(f"{person.v1}/data", files={"file": file}, headers=person.headers, timeout=60)
    size = answer.json()["data"]["size"]
    quota = f"{operator.v1}/admin/users/{person.name}/quota"
    requests.put(quota, json={"bytes": size * 4}, headers=operator.headers, timeout=20).raise_for_status()
    page = visit.open("/")
    expect(page.get_by_role("region", name="Storage")).to_contain_text("25%")
    expect(page.locator("main img")).to_be_visible(timeout=LIMIT_MS)
    document = {"analytic": PATIENT, "inputs": {}, "parameters": {"seconds": 12}}
    requests.post(
        f"{person.v1}/jobs",
        data={"job_name": "a patient job", "auto_start": "true"},
        files={"file": json.dumps(document)},
        headers=person.headers,
        timeout=20,
    ).raise_for_status()

    jobs = page.get_by_role("region", name="Recent jobs")
    expect(jobs.get_by_role("link", name="a patient job")).to_be_visible()
    expect(jobs.get_by_role("progressbar")).to_be_visible(timeout=LIMIT_MS)
    expect(jobs.get_by_text("complete")).to_be_visible(timeout=LIMIT_MS)
    visit.take_picture("home")
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    page.set_viewport_size(PHONE)
    visit.assert_fits()


def test_failed_part_of_the_home_page_leaves_the_rest(visit: Visit, person: Person, tmp_path: Path) -> None:
    visit.expect("ERR_FAILED")
    page = visit.page
    page.route("**/v1/account/usage", lambda route: route.abort())
    (tmp_path / "a.mp4").write_bytes(footage("bikes.mp4").read_bytes())
    with (tmp_path / "a.mp4").open("rb") as file:
        requests.post(f"{person.v1}/data", files={"file": file}, headers=person.headers, timeout=60).raise_for_status()
    visit.open("/")

    expect(page.get_by_role("region", name="Storage").get_by_role("alert")).to_contain_text(
        "The platform cannot be reached"
    )
    expect(page.get_by_role("link", name="a.mp4")).to_be_visible()
    visit.assert_accessible()
