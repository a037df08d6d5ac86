"""Jobs: the list and the page of a job, while their states change."""

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
END_MILLISECONDS = 120_000
ENDLESS = 600
"""Run time in seconds of a job that must not finish during a test."""


@pytest.fixture(autouse=True)
def no_job_outlives_its_test(person: Person) -> Iterator[None]:
    """Cancel the jobs of the test, since all tests share one platform."""
    yield
    ids = [job["id"] for job in jobs_of(person).values() if job["state"] in {"QUEUED", "SCHEDULED", "RUNNING"}]
    requests.post(f"{person.v1}/jobs/batch", headers=person.headers, json={"action": "kill", "ids": ids})


def wait_for_end(person: Person, job_id: str) -> None:
    """Wait until a job is complete or has failed."""
    url, ends_at = f"{person.v1}/events?jobs={job_id}&last_event_id=0", time.monotonic() + END_MILLISECONDS / 1000
    with requests.get(url, headers=person.headers, stream=True, timeout=END_MILLISECONDS / 1000) as events:
        for line in events.iter_lines():
            if line.startswith((b"event: job_complete", b"event: job_failed")):
                return
            assert time.monotonic() < ends_at, "the job has not ended"


def row(page: Page, name: str) -> Locator:
    """Return the row of a job."""
    return page.locator("tbody tr").filter(has_text=name)


def test_empty_list_leads_to_the_analytics(visit: Visit) -> None:
    page = visit.open("/jobs")
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    assert_usable(visit)
    page.get_by_role("region", name="Jobs").get_by_role("link", name="Run an analytic").click()
    expect(page.get_by_role("heading", name="Analytics")).to_be_visible()


def test_list_follows_a_job_until_it_is_complete(visit: Visit, person: Person) -> None:
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


def test_jobs_are_filtered_by_state_words_and_archive(visit: Visit, person: Person) -> None:
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
    page.get_by_label("Search jobs").fill("no job has this name")
    expect(page.get_by_text("No results")).to_be_visible()


def test_invalid_search_is_reported(visit: Visit, person: Person) -> None:
    visit.expect("400")
    submit(person, NO_OP, "one", start=False)
    page = visit.open("/jobs")
    page.get_by_label("Search jobs").fill("colour:blue")
    expect(page.get_by_role("alert").filter(has_text="colour")).to_be_visible()
    page.get_by_label("Search jobs").fill("")
    expect(row(page, "one")).to_be_visible()


def test_batch_actions_apply_to_jobs_in_matching_states(visit: Visit, person: Person) -> None:
    ready = submit(person, NO_OP, "ready one", start=False)
    submit(person, NO_OP, "ready two", start=False)
    running = submit(person, PATIENT, "running one", seconds=ENDLESS)
    done = submit(person, NO_OP, "done one")
    page = visit.open("/jobs")
    expect(row(page, "done one").get_by_text("complete")).to_be_visible(timeout=END_MILLISECONDS)
    expect(row(page, "running one").get_by_text("running", exact=True)).to_be_visible(timeout=END_MILLISECONDS)
    page.get_by_label("Select all on this page").check()
    tools = page.get_by_role("toolbar", name="Actions on selected rows")
    expect(tools).to_contain_text("4 selected")
    expect(tools.get_by_role("button", name="Unarchive")).to_be_disabled()
    assert_usable(visit)
    visit.take_picture("jobs")

    tools.get_by_role("button", name="Cancel job (1)").click()
    dialog = page.get_by_role("dialog", name="Cancel this job?")
    expect(dialog).to_contain_text("“running one”")
    dialog.get_by_role("button", name="Cancel job").click()
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
    expect(page.get_by_text("No results").or_(page.get_by_role("heading", name="No jobs yet"))).to_be_visible()
    assert job_of(person, done)["archived"]


def test_failures_of_a_batch_are_listed_by_job(visit: Visit, person: Person) -> None:
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


def test_job_page_switches_to_the_result_when_complete(visit: Visit, person: Person) -> None:
    video = upload(person, footage("bikes.mp4"))
    job = submit(person, PATIENT, "watched", data=video, seconds=4, start=False)
    page = visit.open(f"/jobs/{job}")
    page.evaluate("window.isTheSamePage = true")
    expect(page.get_by_role("tab", name="Overview")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Start").click()
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


def test_other_tabs_get_a_notice_when_the_job_is_complete(visit: Visit, person: Person) -> None:
    job = submit(person, PATIENT, "unwatched", seconds=3, start=False)
    page = visit.open(f"/jobs/{job}")
    page.get_by_role("tab", name="Request").click()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("tab", name="Request").focus()

    expect(page.get_by_text("unwatched is complete")).to_be_visible(timeout=END_MILLISECONDS)
    expect(page.get_by_role("tab", name="Request")).to_be_focused()
    page.get_by_role("button", name="View result").click()
    expect(page.get_by_role("tab", name="Result")).to_have_attribute("aria-selected", "true")


def test_messages_appear_live(visit: Visit, person: Person) -> None:
    job = submit(person, TALKATIVE, "talkative", seconds=ENDLESS, start=False)
    page = visit.open(f"/jobs/{job}?tab=messages")
    expect(page.get_by_role("heading", name="No messages")).to_be_visible()
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("log").get_by_text("TASK_DESCRIPTION")).to_be_visible(timeout=END_MILLISECONDS)
    visit.assert_accessible()


def test_job_is_cancelled_and_run_again(visit: Visit, person: Person) -> None:
    job = submit(person, PATIENT, "to be killed", seconds=ENDLESS)
    page = visit.open(f"/jobs/{job}")
    expect(page.locator(".state")).to_have_text("running", timeout=END_MILLISECONDS)
    page.get_by_role("button", name="Cancel job").click()
    page.get_by_role("dialog", name="Cancel this job?").get_by_role("button", name="Keep running").click()
    assert job_of(person, job)["state"] == "RUNNING"
    page.get_by_role("button", name="Cancel job").click()
    page.get_by_role("dialog", name="Cancel this job?").get_by_role("button", name="Cancel job").click()

    expect(page.get_by_role("heading", name="Job cancelled")).to_be_visible()
    page.get_by_role("button", name="Run again").click()
    expect(page).not_to_have_url(re.compile(job))
    again = page.url.rpartition("/")[2]
    expect(page.locator(".state")).to_have_text("running", timeout=END_MILLISECONDS)
    assert request_of(person, again) == request_of(person, job)
    assert job_of(person, again)["name"] == "to be killed"


@pytest.mark.parametrize(
    ("analytic", "heading", "text"),
    [
        (CRASH, "The analytic failed", "the sample broke"),
        (FAULT_FINDING, "Invalid input", "the video is not to be watched"),
    ],
)
def test_failed_job_explains_its_failure_type(
    visit: Visit, person: Person, analytic: str, heading: str, text: str
) -> None:
    job = submit(person, analytic, "unlucky")
    page = visit.open(f"/jobs/{job}")
    failure = page.get_by_role("region", name="Failure")
    expect(failure.get_by_role("heading", name=heading)).to_be_visible(timeout=END_MILLISECONDS)
    expect(failure).to_contain_text(text)
    assert_usable(visit)
    page.get_by_role("tab", name="Result").click()
    expect(page.get_by_role("heading", name="No result")).to_be_visible()
    failure.get_by_role("link", name="Edit and run again").click()
    expect(page.get_by_role("heading", name=re.compile("^Run "))).to_be_visible()


def test_job_is_edited_and_run_again(visit: Visit, person: Person) -> None:
    job = submit(person, PATIENT, "before", seconds=0.1, start=False)
    page = visit.open(f"/jobs/{job}?tab=request")
    expect(page.get_by_role("region", name="Job request")).to_contain_text('"seconds": 0.1')
    visit.assert_accessible()
    page.get_by_role("link", name="Edit and run again").click()

    expect(page.get_by_role("spinbutton", name="Seconds")).to_have_value("0.1")
    page.get_by_role("spinbutton", name="Seconds").fill("0.2")
    page.get_by_label("Name", exact=True).fill("after")
    page.get_by_role("button", name="Start job").click()
    expect(page.get_by_role("heading", name="after")).to_be_visible()
    assert request_of(person, jobs_of(person)["after"]["id"])["parameters"] == {"seconds": 0.2}


def test_job_is_shared_extended_archived_and_deleted(visit: Visit, person: Person) -> None:
    job = submit(person, NO_OP, "a shared one")
    page = visit.open(f"/jobs/{job}")
    expect(page.get_by_role("button", name="Share")).to_be_visible(timeout=END_MILLISECONDS)
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share a shared one")
    dialog.get_by_role("button", name="Create link").click()
    link = dialog.locator(".copyable code")
    expect(link).to_be_visible()
    visit.assert_accessible()
    api_url = link.inner_text().replace("/shared#", "/v1/shared/")  # the page asks there
    assert requests.get(api_url).json()["job"]["name"] == "a shared one"
    dialog.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog", name="Revoke this link?").get_by_role("button", name="Revoke link").click()
    expect(dialog.get_by_text("No share links yet")).to_be_visible()
    assert requests.get(api_url).status_code == 404
    dialog.get_by_role("button", name="Close").click()

    more = page.get_by_role("button", name="More actions")
    more.click()
    page.get_by_role("button", name="Change expiry").click()
    page.get_by_role("dialog").get_by_label("Or expire on").fill("2040-01-02T03:04")
    page.get_by_role("dialog").get_by_role("button", name="Change expiry").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert job_of(person, job)["expiration_date"].startswith("2040-01-02T03:04")
    more.click()
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.locator(".badge", has_text="archived")).to_be_visible()
    more.click()
    page.get_by_role("button", name="Unarchive").click()
    expect(page.locator(".badge", has_text="archived")).to_be_hidden()

    ready = submit(person, NO_OP, "never started", start=False)
    visit.open(f"/jobs/{ready}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()


def test_log_of_a_public_analytic_is_not_available(visit: Visit, person: Person) -> None:
    job = submit(person, NO_OP, "quiet")
    page = visit.open(f"/jobs/{job}?tab=log")
    expect(page.get_by_role("heading", name="Log not available")).to_be_visible()
    visit.assert_accessible()


def test_job_of_another_user_is_not_found(visit: Visit, platform: PlatformProcess) -> None:
    visit.expect("404")
    other = Person.sign_up(platform, "another-user")
    page = visit.open(f"/jobs/{submit(other, NO_OP, 'a secret', start=False)}")
    expect(page.get_by_role("heading", name="Job not found")).to_be_visible()
    expect(page.get_by_text("a secret")).to_be_hidden()
    visit.assert_accessible()
    visit.open("/jobs/%E0%A4%A")  # no text at all
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()


def test_events_are_not_missed_after_a_lost_connection(visit: Visit, person: Person) -> None:
    visit.expect("ERR_INTERNET_DISCONNECTED")
    page = visit.open("/jobs")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
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
