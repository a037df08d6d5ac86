"""The list of jobs and the page of one, while things happen to them."""

import re
import time
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from console.asking import assert_usable, job_of, jobs_of, request_of, submit, upload
from demo.platform_process import PlatformProcess
from support.browsers import Person, Visit
from support.platforms import NO_OP, PATIENT
from support.video_samples import footage

pytestmark = pytest.mark.slow

CRASH = "journeys/crash"
FAULT_FINDING = "journeys/fault-finding"
TALKATIVE = "journeys/talkative"
END_MILLISECONDS = 30_000
FOR_EVER = 600
"""Seconds that a job takes which does not end within a test."""


@pytest.fixture(autouse=True)
def no_job_outlives_its_test(person: Person) -> Iterator[None]:
    """Others have their turn on the same platform."""
    yield
    ids = [job["id"] for job in jobs_of(person).values() if job["state"] in {"QUEUED", "SCHEDULED", "RUNNING"}]
    requests.post(f"{person.v1}/jobs/batch", headers=person.headers, json={"action": "kill", "ids": ids})


def wait_for_end(person: Person, job_id: str) -> None:
    """Wait until a job has ended."""
    url, ends_at = f"{person.v1}/events?jobs={job_id}&last_event_id=0", time.monotonic() + END_MILLISECONDS / 1000
    with requests.get(url, headers=person.headers, stream=True, timeout=END_MILLISECONDS / 1000) as events:
        for line in events.iter_lines():
            if line.startswith((b"event: job_complete", b"event: job_failed")):
                return
            assert time.monotonic() < ends_at, "the job has not ended"


def row(page: Page, name: str) -> Locator:
    """The row of a job."""
    return page.locator("tbody tr").filter(has_text=name)


def test_who_has_no_jobs_is_told_how_to_get_one(visit: Visit) -> None:
    page = visit.open("/jobs")
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    assert_usable(visit)
    page.get_by_role("link", name="Choose an analytic").click()
    expect(page.get_by_role("heading", name="Analytics")).to_be_visible()


def test_the_list_follows_a_job_from_its_beginning_to_its_end(visit: Visit, person: Person) -> None:
    page = visit.open("/jobs")
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    page.evaluate("window.isTheSamePage = true")
    submit(person, PATIENT, "a patient one", seconds=4)

    one = row(page, "a patient one")
    expect(one.get_by_text("running", exact=True)).to_be_visible(timeout=END_MILLISECONDS)
    expect(one.get_by_text(re.compile(r"[1-9]\d?%"))).to_be_visible()
    one.get_by_role("link", name="a patient one").focus()
    one.get_by_role("checkbox").check()
    one.get_by_role("link", name="a patient one").focus()
    expect(one.get_by_text("complete")).to_be_visible(timeout=END_MILLISECONDS)
    expect(one.get_by_role("link", name="a patient one")).to_be_focused()
    expect(one.get_by_role("checkbox")).to_be_checked()
    assert page.evaluate("window.isTheSamePage")


def test_jobs_are_found_by_state_by_words_and_in_the_archive(visit: Visit, person: Person) -> None:
    ready = submit(person, NO_OP, "kept, ready", start=False)
    old = submit(person, NO_OP, "an old one", start=False)
    requests.put(f"{person.v1}/jobs/{old}/archive", headers=person.headers)
    done = submit(person, NO_OP, "<b>done</b>")
    page = visit.open("/jobs")
    expect(row(page, "<b>done</b>").get_by_text("complete")).to_be_visible(timeout=END_MILLISECONDS)
    expect(page.locator("tbody tr")).to_have_count(2)
    assert_usable(visit)

    page.get_by_role("button", name="Ready").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(row(page, "kept, ready")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Ready")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_label("Archived and expired").select_option("archived")
    expect(row(page, "an old one")).to_be_visible()
    page.get_by_label("Archived and expired").select_option("all")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_label("Search jobs").fill(f"id:{ready}|{done}")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("Search jobs").fill("nobody calls a job so")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_a_search_that_is_none_is_told(visit: Visit, person: Person) -> None:
    visit.expect("400")
    submit(person, NO_OP, "one", start=False)
    page = visit.open("/jobs")
    page.get_by_label("Search jobs").fill("colour:blue")
    expect(page.get_by_role("alert").filter(has_text="colour")).to_be_visible()
    page.get_by_label("Search jobs").fill("")
    expect(row(page, "one")).to_be_visible()


def test_what_can_be_done_to_many_depends_on_where_each_stands(visit: Visit, person: Person) -> None:
    ready = submit(person, NO_OP, "ready one", start=False)
    submit(person, NO_OP, "ready two", start=False)
    running = submit(person, PATIENT, "running one", seconds=FOR_EVER)
    done = submit(person, NO_OP, "done one")
    page = visit.open("/jobs")
    expect(row(page, "done one").get_by_text("complete")).to_be_visible(timeout=END_MILLISECONDS)
    expect(row(page, "running one").get_by_text("running", exact=True)).to_be_visible(timeout=END_MILLISECONDS)
    page.get_by_label("Select all on this page").check()
    tools = page.get_by_role("toolbar", name="With the selected")
    expect(tools).to_contain_text("4 selected")
    expect(tools.get_by_role("button", name="Unarchive")).to_be_disabled()
    assert_usable(visit)
    visit.take_picture("jobs")

    tools.get_by_role("button", name="Kill (1)").click()
    dialog = page.get_by_role("dialog", name="Kill this job?")
    expect(dialog).to_contain_text("“running one”")
    dialog.get_by_role("button", name="Kill").click()
    expect(row(page, "running one").get_by_text("failed")).to_be_visible()
    assert job_of(person, running)["failure_type"] == "USER"

    tools.get_by_role("button", name="Delete (2)").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row(page, "ready one")).to_be_hidden()
    expect(page.locator("tbody tr")).to_have_count(2)
    assert requests.get(f"{person.v1}/jobs/{ready}", headers=person.headers).status_code == 404

    with page.expect_download() as downloading:
        tools.get_by_role("button", name="Download (1)").click()
    assert downloading.value.path().read_text() == "{}"
    tools.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_text("Nothing matches").or_(page.get_by_role("heading", name="No jobs yet"))).to_be_visible()
    assert job_of(person, done)["archived"]


def test_what_could_not_be_done_to_some_is_told_of_each(visit: Visit, person: Person) -> None:
    page = visit.open("/jobs")
    first = submit(person, NO_OP, "first", start=False)
    submit(person, NO_OP, "second", start=False)
    page.reload()
    page.get_by_label("Select all on this page").check()
    # Nothing tells of it before the button is pressed: the event of an archived job is held back.
    page.route("**/v1/jobs?*", lambda route: route.abort())
    page.evaluate("window.stop()")
    requests.delete(f"{person.v1}/jobs/{first}", headers=person.headers)
    page.get_by_role("toolbar").get_by_role("button", name="Start").click()

    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("first")
    expect(dialog).to_contain_text("not found")
    visit.expect("ERR_FAILED")


def test_a_job_is_watched_until_its_result_is_there(visit: Visit, person: Person) -> None:
    video = upload(person, footage("bikes.mp4"))
    job = submit(person, PATIENT, "watched", data=video, seconds=4)
    page = visit.open(f"/jobs/{job}")
    page.evaluate("window.isTheSamePage = true")
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    progress = page.get_by_role("region", name="Progress")
    expect(progress.get_by_text(re.compile(r"\d+ of 80 frames"))).to_be_visible(timeout=END_MILLISECONDS)
    expect(progress.get_by_text(re.compile("about .* left"))).to_be_visible()
    expect(page.get_by_role("link", name="bikes.mp4")).to_have_attribute("href", f"/data/{video}")
    assert_usable(visit)
    visit.take_picture("job-running")

    expect(page.get_by_role("tab", name="Result")).to_have_attribute("aria-selected", "true", timeout=END_MILLISECONDS)
    expect(progress).to_be_hidden()
    expect(page.get_by_role("button", name="Download")).to_be_visible()
    assert page.evaluate("window.isTheSamePage")


def test_who_reads_something_else_is_told_of_the_end(visit: Visit, person: Person) -> None:
    job = submit(person, PATIENT, "unwatched", seconds=3)
    page = visit.open(f"/jobs/{job}")
    page.get_by_role("tab", name="Request").click()
    page.get_by_role("tab", name="Request").focus()

    expect(page.get_by_text("unwatched is complete")).to_be_visible(timeout=END_MILLISECONDS)
    expect(page.get_by_role("tab", name="Request")).to_be_focused()
    page.get_by_role("button", name="See the result").click()
    expect(page.get_by_role("tab", name="Result")).to_have_attribute("aria-selected", "true")


def test_messages_come_as_they_are_told(visit: Visit, person: Person) -> None:
    job = submit(person, TALKATIVE, "talkative", seconds=FOR_EVER, start=False)
    page = visit.open(f"/jobs/{job}?tab=messages")
    expect(page.get_by_role("heading", name="No messages")).to_be_visible()
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("log").get_by_text("TASK_DESCRIPTION")).to_be_visible(timeout=END_MILLISECONDS)
    visit.assert_accessible()


def test_a_job_is_killed_and_run_again(visit: Visit, person: Person) -> None:
    job = submit(person, PATIENT, "to be killed", seconds=FOR_EVER)
    page = visit.open(f"/jobs/{job}")
    expect(page.locator(".state")).to_have_text("running", timeout=END_MILLISECONDS)
    page.get_by_role("button", name="Kill").click()
    page.get_by_role("dialog", name="Kill this job?").get_by_role("button", name="Cancel").click()
    assert job_of(person, job)["state"] == "RUNNING"
    page.get_by_role("button", name="Kill").click()
    page.get_by_role("dialog", name="Kill this job?").get_by_role("button", name="Kill").click()

    expect(page.get_by_role("heading", name="It was killed")).to_be_visible()
    page.get_by_role("button", name="Run again").click()
    expect(page).not_to_have_url(re.compile(job))
    again = page.url.rpartition("/")[2]
    expect(page.locator(".state")).to_have_text("running", timeout=END_MILLISECONDS)
    assert request_of(person, again) == request_of(person, job)
    assert job_of(person, again)["name"] == "to be killed"


@pytest.mark.parametrize(
    ("analytic", "heading", "text"),
    [
        (CRASH, "The analytic itself broke", "the sample broke"),
        (FAULT_FINDING, "It could not work with what it was given", "the video is not to be watched"),
    ],
)
def test_a_failed_job_says_whose_fault_it_is(
    visit: Visit, person: Person, analytic: str, heading: str, text: str
) -> None:
    job = submit(person, analytic, "unlucky")
    page = visit.open(f"/jobs/{job}")
    failure = page.get_by_role("region", name="Why it failed")
    expect(failure.get_by_role("heading", name=heading)).to_be_visible(timeout=END_MILLISECONDS)
    expect(failure).to_contain_text(text)
    assert_usable(visit)
    page.get_by_role("tab", name="Result").click()
    expect(page.get_by_text("There is no result")).to_be_visible()
    failure.get_by_role("link", name="Run it with changes").click()
    expect(page.get_by_role("heading", name=re.compile("^Run "))).to_be_visible()


def test_a_job_is_run_again_with_changes(visit: Visit, person: Person) -> None:
    job = submit(person, PATIENT, "before", seconds=0.1, start=False)
    page = visit.open(f"/jobs/{job}?tab=request")
    expect(page.get_by_role("region", name="Job request")).to_contain_text('"seconds": 0.1')
    visit.assert_accessible()
    page.get_by_role("link", name="Run again with changes").click()

    expect(page.get_by_role("spinbutton", name="Seconds")).to_have_value("0.1")
    page.get_by_role("spinbutton", name="Seconds").fill("0.2")
    page.get_by_label("Name", exact=True).fill("after")
    page.get_by_role("button", name="Start the job").click()
    expect(page.get_by_role("heading", name="after")).to_be_visible()
    assert request_of(person, jobs_of(person)["after"]["id"])["parameters"] == {"seconds": 0.2}


def test_a_job_is_kept_shared_archived_and_deleted(visit: Visit, person: Person) -> None:
    job = submit(person, NO_OP, "a shared one")
    page = visit.open(f"/jobs/{job}")
    expect(page.get_by_role("button", name="Share")).to_be_visible(timeout=END_MILLISECONDS)
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share a shared one")
    dialog.get_by_role("button", name="Make a link").click()
    link = dialog.locator(".copyable code")
    expect(link).to_be_visible()
    visit.assert_accessible()
    api_url = link.inner_text().replace("/shared#", "/v1/shared/")  # the page asks there
    assert requests.get(api_url).json()["job"]["name"] == "a shared one"
    dialog.get_by_role("button", name="End it").click()
    page.get_by_role("dialog", name="End this link?").get_by_role("button", name="End it").click()
    expect(dialog.get_by_text("There is no link yet")).to_be_visible()
    assert requests.get(api_url).status_code == 404
    dialog.get_by_role("button", name="Close").click()

    page.get_by_role("button", name="Expiry").click()
    page.get_by_role("dialog").get_by_label("Or until").fill("2040-01-02T03:04")
    page.get_by_role("dialog").get_by_role("button", name="Change").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert job_of(person, job)["expiration_date"].startswith("2040-01-02T03:04")
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.locator(".badge", has_text="archived")).to_be_visible()
    page.get_by_role("button", name="Unarchive").click()
    expect(page.locator(".badge", has_text="archived")).to_be_hidden()

    ready = submit(person, NO_OP, "never started", start=False)
    visit.open(f"/jobs/{ready}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()


def test_the_log_of_a_public_analytic_is_not_for_its_users(visit: Visit, person: Person) -> None:
    job = submit(person, NO_OP, "quiet")
    page = visit.open(f"/jobs/{job}?tab=log")
    expect(page.get_by_role("heading", name="The log is not shown")).to_be_visible()
    visit.assert_accessible()


def test_jobs_of_others_are_not_there(visit: Visit, platform: PlatformProcess) -> None:
    visit.expect("404")
    other = Person.sign_up(platform, "somebody-else")
    page = visit.open(f"/jobs/{submit(other, NO_OP, 'a secret', start=False)}")
    expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()
    expect(page.get_by_text("a secret")).to_be_hidden()
    visit.assert_accessible()
    visit.open("/jobs/%E0%A4%A")  # no text at all
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_a_broken_connection_is_made_again_and_nothing_is_missed(visit: Visit, person: Person) -> None:
    visit.expect("ERR_INTERNET_DISCONNECTED")
    page = visit.open("/jobs")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.context.set_offline(True)
    watched = submit(person, PATIENT, "made meanwhile", seconds=2)
    # The stream of events may outlive the network, as here; what it tells cannot be looked up then.
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible(timeout=END_MILLISECONDS)
    page.context.set_offline(False)
    expect(row(page, "made meanwhile").get_by_text("complete")).to_be_visible(timeout=END_MILLISECONDS)

    other = submit(person, PATIENT, "watched meanwhile", seconds=3)
    visit.open(f"/jobs/{other}")
    page.context.set_offline(True)
    wait_for_end(person, other)
    page.context.set_offline(False)
    expect(page.get_by_role("tab", name="Result")).to_have_attribute("aria-selected", "true", timeout=END_MILLISECONDS)
    assert job_of(person, watched)["state"] == "COMPLETE"
