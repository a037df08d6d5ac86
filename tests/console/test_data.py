"""Videos and files: list, search, batch actions, and the page of one file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Download, Page, expect

from console.asking import submit, upload
from support.browsers import DESK, PHONE, Person, Visit
from support.platforms import NO_OP
from support.video_samples import footage, numbered_video
from support.waiting import LIMIT_MS

pytestmark = pytest.mark.slow


def upload_texts(person: Person, names: Sequence[str], folder: Path) -> list[str]:
    path = folder / "text.txt"
    ids = []
    for name in names:
        path.write_text(name)
        ids.append(upload(person, path, name, "text/plain"))
    return ids


def details(person: Person, data_id: str) -> Any:
    return requests.get(f"{person.v1}/data/{data_id}", headers=person.headers, timeout=20).json()["data"]


def expect_names(page: Page, *names: str) -> None:
    expect(page.locator("tbody tr a bdi")).to_have_text(list(names))


def select(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("checkbox", name=f"Select {name}", exact=True).check()


def test_videos_are_listed_with_their_posters(visit: Visit, person: Person, tmp_path: Path) -> None:
    upload(person, footage("bikes.mp4"))
    upload(person, numbered_video(tmp_path / "numbered.mp4"))
    (tmp_path / "truth.json").write_text("{}")
    upload(person, tmp_path / "truth.json", media_type="application/json")
    page = visit.open("/data")

    expect(page.locator("tbody img")).to_have_count(2, timeout=LIMIT_MS)
    page.wait_for_function("() => [...document.querySelectorAll('tbody img')].every(each => each.naturalWidth > 0)")
    expect(page.get_by_role("row", name="truth.json")).to_contain_text("JSON")
    visit.take_picture("videos")
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    page.get_by_role("button", name="Card view").click()
    expect(page.get_by_role("list", name="Videos").get_by_role("listitem")).to_have_count(3)
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    visit.take_picture("videos-as-cards")
    page.set_viewport_size(PHONE)
    visit.assert_fits()
    page.reload()
    expect(page.get_by_role("list", name="Videos").get_by_role("listitem")).to_have_count(3)
    page.get_by_role("button", name="Table view").click()
    visit.assert_fits()


def test_posters_are_requested_when_they_come_into_view(visit: Visit, person: Person, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "numbered.mp4", frames=3)
    for number in range(20):
        upload(person, video, f"{number:02}.mp4")
    asked: set[str] = set()
    visit.page.on("request", lambda request: "/renditions/poster" in request.url and asked.add(request.url))
    page = visit.page
    page.set_viewport_size({"width": 1280, "height": 400})
    visit.open("/data?sort=name:asc")
    expect(page.locator("tbody img").first).to_be_visible(timeout=LIMIT_MS)
    assert 1 <= len(asked) <= 10

    page.get_by_role("row", name="19.mp4").scroll_into_view_if_needed()
    expect(page.get_by_role("row", name="19.mp4").locator("img")).to_be_visible(timeout=LIMIT_MS)


def test_broken_video_has_an_icon_instead_of_a_poster(visit: Visit, person: Person, tmp_path: Path) -> None:
    visit.expect("400")
    (tmp_path / "broken.mp4").write_bytes(b"no video at all")
    data_id = upload(person, tmp_path / "broken.mp4")
    page = visit.open("/data")

    expect(page.locator(".poster.none")).to_be_visible(timeout=LIMIT_MS)
    expect(page.locator("tbody img")).to_have_count(0)
    visit.open(f"/data/{data_id}")
    expect(page.get_by_role("alert").first).to_contain_text("Loading failed", timeout=LIMIT_MS)
    visit.assert_accessible()


def test_files_are_searched_sorted_and_filtered(visit: Visit, person: Person, tmp_path: Path) -> None:
    upload_texts(person, [f"note {number:02}.txt" for number in range(27)] + ["odd, name: a|b.txt"], tmp_path)
    upload(person, numbered_video(tmp_path / "street.mp4", frames=3))
    page = visit.open("/data")
    expect(page.get_by_text("1\u201325 of 29")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("26\u201329 of 29")).to_be_visible()
    page.get_by_role("searchbox").fill("name:note 03|note 04")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Name").click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "descending")
    expect_names(page, "note 04.txt", "note 03.txt")

    page.get_by_role("searchbox").fill("odd\\, name\\: a\\|b")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Type").select_option("Videos")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect_names(page, "street.mp4")
    page.reload()
    expect(page.get_by_label("Type")).to_have_value("video")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Type").select_option("Images")
    expect(page.get_by_text("No results.")).to_be_visible()
    page.get_by_label("Type").select_option("Other files")
    expect(page.get_by_text("1\u201325 of 28")).to_be_visible()


def test_invalid_search_is_reported_with_advice(visit: Visit, person: Person, tmp_path: Path) -> None:
    visit.expect("400")
    upload_texts(person, ["a.txt"], tmp_path)
    page = visit.open("/data?search=colour:red")

    expect(page.get_by_role("alert")).to_contain_text("Invalid search parameter colour; the parameters are: analytic")
    page.get_by_role("button", name="Search syntax").click()
    expect(page.get_by_role("dialog", name="Search syntax")).to_be_visible()
    visit.assert_accessible()
    page.keyboard.press("Escape")
    page.get_by_role("searchbox").fill("name:a")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_files_are_deleted_and_failures_listed_by_name(visit: Visit, person: Person, tmp_path: Path) -> None:
    ids = upload_texts(person, ["one.txt", "two.txt", "three.txt", "four.txt"], tmp_path)
    page = visit.open("/data")
    select(page, "one.txt", "two.txt", "three.txt")
    visit.assert_accessible()
    requests.delete(f"{person.v1}/data/{ids[1]}", headers=person.headers, timeout=20).raise_for_status()
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete 3 files?")
    for name in ("one.txt", "two.txt", "three.txt"):
        expect(dialog).to_contain_text(name)
    visit.assert_accessible()
    dialog.get_by_role("button", name="Delete").click()

    failures = page.get_by_role("dialog", name="failed")
    expect(failures.get_by_role("listitem")).to_have_count(1)
    expect(failures.get_by_role("listitem")).to_contain_text("two.txt")
    expect(failures.get_by_role("listitem")).to_contain_text("not found")
    visit.assert_accessible()
    failures.get_by_role("button", name="Close").last.click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect_names(page, "four.txt")


def test_cancelled_dialog_deletes_nothing(visit: Visit, person: Person, tmp_path: Path) -> None:
    [data_id] = upload_texts(person, ["one.txt"], tmp_path)
    page = visit.open("/data")
    select(page, "one.txt")
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert details(person, data_id)["name"] == "one.txt"


def test_expiry_of_several_files_is_extended_and_failures_listed(visit: Visit, person: Person, tmp_path: Path) -> None:
    ids = upload_texts(person, ["one.txt", "two.txt"], tmp_path)
    elsewhere = {"signed_url": "https://93.184.216.34/a.txt", "filename": "elsewhere.txt", "size": 5}
    requests.post(f"{person.v1}/data/url", json=elsewhere, headers=person.headers, timeout=20).raise_for_status()
    page = visit.open("/data")
    select(page, "one.txt", "two.txt", "elsewhere.txt")
    page.get_by_role("toolbar").get_by_role("button", name="Change expiry").click()
    dialog = page.get_by_role("dialog", name="Change the expiry of 3 files")
    visit.assert_accessible()
    dialog.get_by_label("Extend by (days)").fill("-300")
    before = details(person, ids[0])["expiration_date"]
    dialog.get_by_role("button", name="Change expiry").click()

    failures = page.get_by_role("dialog", name="failed")
    expect(failures.get_by_role("listitem")).to_have_count(1)
    expect(failures.get_by_role("listitem")).to_contain_text("its expiration date is fixed")
    failures.get_by_role("button", name="Close").last.click()
    expect(page.get_by_role("row", name="one.txt")).to_contain_text("in 2 mo")
    assert details(person, ids[0])["expiration_date"] < before


def test_expiry_is_set_to_a_date(visit: Visit, person: Person, tmp_path: Path) -> None:
    [data_id] = upload_texts(person, ["one.txt"], tmp_path)
    page = visit.open(f"/data/{data_id}")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Change expiry…").click()
    dialog = page.get_by_role("dialog", name="Change the expiry of this file")
    dialog.get_by_label("Or expire on").fill("2040-05-01T23:59")
    dialog.get_by_role("button", name="Change expiry").click()

    expect(page.get_by_text("1 May 2040")).to_be_visible()
    assert details(person, data_id)["expiration_date"].startswith("2040-05-01T23:59")


def test_analytic_is_chosen_for_selected_files(visit: Visit, person: Person, tmp_path: Path) -> None:
    ids = upload_texts(person, ["one.txt", "two.txt"], tmp_path)
    page = visit.open("/data?sort=name:asc")
    page.get_by_role("checkbox", name="Select all on this page").check()
    page.get_by_role("toolbar").get_by_role("button", name="Run an analytic").click()

    expect(page).to_have_url(f"{visit.origin}/analytics?data={ids[0]},{ids[1]}")


def test_selected_files_are_downloaded(visit: Visit, person: Person, tmp_path: Path) -> None:
    upload_texts(person, ["one.txt", "two.txt"], tmp_path)
    page = visit.open("/data")
    page.get_by_role("checkbox", name="Select all on this page").check()
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))  # noqa: PLW0108  (Playwright cannot wrap methods of lists)
    page.get_by_role("toolbar").get_by_role("button", name="Download").click()
    while len(downloads) < 2:
        page.wait_for_event("download")

    assert {each.suggested_filename: each.path().read_text() for each in downloads} == {
        "one.txt": "one.txt",
        "two.txt": "two.txt",
    }


def test_video_page_has_viewer_and_details(visit: Visit, person: Person) -> None:
    data_id = upload(person, footage("bikes.mp4"))
    page = visit.open(f"/data/{data_id}")

    expect(page.get_by_role("heading", name="bikes.mp4")).to_be_visible()
    video = page.locator("video, canvas").first
    expect(video).to_be_visible(timeout=LIMIT_MS)
    expect(page.get_by_alt_text("10 thumbnails of the video")).to_be_visible(timeout=LIMIT_MS)
    about = page.locator("dl.facts").first
    expect(about).to_contain_text("video/mp4")
    expect(about).to_contain_text(details(person, data_id)["sha256"][:16])
    expect(page.get_by_role("link", name="Run an analytic", exact=True).first).to_have_attribute(
        "href", f"/analytics?data={data_id}"
    )
    expect(page.get_by_text("No jobs on this file yet.")).to_be_visible()
    visit.take_picture("video")
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    page.set_viewport_size(PHONE)
    visit.assert_fits()
    visit.assert_accessible()
    page.set_viewport_size(DESK)


def test_file_that_is_not_a_video_has_no_player(visit: Visit, person: Person, tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(json.dumps({"frames": {}}))
    data_id = upload(person, tmp_path / "truth.json", media_type="application/json")
    page = visit.open(f"/data/{data_id}")

    expect(page.get_by_text("This file is not a video")).to_be_visible()
    expect(page.locator("video")).to_have_count(0)
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    page.set_viewport_size(PHONE)
    visit.assert_fits()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").first.click()
    assert download.value.suggested_filename == "truth.json"


def test_download_link_needs_no_account(visit: Visit, person: Person, tmp_path: Path) -> None:
    [data_id] = upload_texts(person, ["one.txt"], tmp_path)
    page = visit.open(f"/data/{data_id}")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Create download link…").click()
    dialog = page.get_by_role("dialog", name="Download link")
    visit.assert_accessible()

    url = dialog.locator("code").inner_text()
    assert requests.get(url, timeout=20).text == "one.txt"


def test_file_is_deleted_on_its_page(visit: Visit, person: Person, tmp_path: Path) -> None:
    [data_id] = upload_texts(person, ["one.txt"], tmp_path)
    page = visit.open(f"/data/{data_id}")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog", name="Delete this file?").get_by_role("button", name="Delete").click()

    expect(page.get_by_role("heading", name="Videos")).to_be_visible()
    expect(page.get_by_text("Drop your first video here")).to_be_visible()
    visit.assert_accessible()
    assert requests.get(f"{person.v1}/data/{data_id}", headers=person.headers, timeout=20).status_code == 404


@pytest.mark.parametrize("data_id", ["nothing", "%25ff", "<img src=x>"])
def test_unknown_file_is_not_found(visit: Visit, data_id: str) -> None:
    visit.expect("404")
    page = visit.open(f"/data/{data_id}")

    expect(page.get_by_role("heading", name="File not found")).to_be_visible()
    visit.assert_accessible()
    page.get_by_role("link", name="Go to the list").click()
    expect(page.get_by_role("heading", name="Videos")).to_be_visible()


def test_file_of_another_user_is_not_found(visit: Visit, operator: Person, tmp_path: Path) -> None:
    visit.expect("404")
    [data_id] = upload_texts(operator, ["secret.txt"], tmp_path)
    page = visit.open(f"/data/{data_id}")

    expect(page.get_by_role("heading", name="File not found")).to_be_visible()
    expect(page.get_by_text("secret.txt")).to_have_count(0)


def test_failed_list_is_reported_and_retried(visit: Visit, person: Person, tmp_path: Path) -> None:
    visit.expect("500")
    upload_texts(person, ["one.txt"], tmp_path)
    page = visit.page
    page.route(
        "**/v1/data?*", lambda route: route.fulfill(status=500, json={"error": {"code": 500, "message": "It broke"}})
    )
    visit.open("/data")
    expect(page.get_by_role("alert")).to_contain_text("It broke")
    visit.assert_accessible()

    page.unroute("**/v1/data?*")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_jobs_on_a_file_are_listed_live(visit: Visit, person: Person, tmp_path: Path) -> None:
    mine, other = (upload(person, numbered_video(tmp_path / f"{name}.mp4", frames=3)) for name in ("mine", "other"))
    submit(person, NO_OP, "on another", data=other)
    page = visit.open(f"/data/{mine}")
    jobs = page.get_by_role("region", name="Jobs on this file")
    expect(jobs).to_contain_text("No jobs on this file yet.")
    job_id = submit(person, NO_OP, "look at <b>mine</b>", data=mine)

    expect(jobs.get_by_role("link", name="look at <b>mine</b>")).to_have_attribute("href", f"/jobs/{job_id}")
    expect(jobs.get_by_text("complete")).to_be_visible(timeout=LIMIT_MS)
    expect(jobs.get_by_text("on another")).to_have_count(0)
    visit.assert_accessible()
