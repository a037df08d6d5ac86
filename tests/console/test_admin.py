"""Admin pages: overview, usage, users, applications, settings and audit log."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from console.asking import assert_usable, submit, upload
from support.browsers import PASSWORD, Person, Visit, visiting
from support.platforms import CALLING, PATIENT, StartPlatform
from support.video_samples import footage
from voxel51.wire.headers import APPLICATION_KEY

pytestmark = pytest.mark.slow

END_MILLISECONDS = 120_000
ENDLESS = 600
"""Run time in seconds of a job that must not finish during a test."""
PAGES = {
    "/admin": "Overview",
    "/admin/usage": "Usage",
    "/admin/users": "Users",
    "/admin/applications": "Applications",
    "/admin/network": "Network",
    "/admin/settings": "Settings",
    "/admin/audit": "Audit log",
}


@pytest.fixture
def patient_job(person: Person) -> Iterator[str]:
    """A job of ``person`` that runs until the end of the test."""
    job_id = submit(person, PATIENT, "a patient one", seconds=ENDLESS)
    yield job_id
    requests.post(f"{person.v1}/jobs/batch", headers=person.headers, json={"action": "kill", "ids": [job_id]})


def row(page: Page, name: str) -> Locator:
    """Return the row of a list that has ``name`` in a cell."""
    return page.get_by_role("row").filter(has=page.get_by_text(name, exact=True))


def search(page: Page, text: str) -> None:
    page.get_by_role("searchbox").fill(text)


def choose(page: Page, name: str, action: str) -> None:
    """Choose from the menu of actions for ``name``."""
    page.get_by_role("button", name=f"Actions for {name}", exact=True).click()
    page.get_by_role("button", name=action, exact=True).click()


def expect_notice(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait until a notice contains ``text``."""
    expect(page.locator(".notices").get_by_text(text)).to_be_visible()


def is_let_in(person: Person, password: str = PASSWORD) -> bool:
    answer = requests.post(f"{person.v1}/sign-in", json={"username": person.name, "password": password})
    return answer.status_code == 200


def asked(person: Person, path: str) -> Any:
    answer = requests.get(f"{person.v1}{path}", headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_operators_reach_every_admin_page_by_the_navigation(operator_visit: Visit) -> None:
    page = operator_visit.open("/admin/audit")
    for path, heading in PAGES.items():
        page.get_by_role("navigation", name="Admin").get_by_role("link", name=heading).click()

        expect(page).to_have_url(operator_visit.origin + path)
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        expect(page.get_by_text("Loading…")).to_have_count(0)
        assert_usable(operator_visit)


def test_members_see_that_admin_pages_are_for_operators(visit: Visit) -> None:
    for path in (*PAGES, "/admin/applications/any"):
        page = visit.open(path)
        expect(page.get_by_role("heading", name="Operators only")).to_be_visible()
        expect(page.get_by_role("navigation", name="Admin")).to_be_hidden()
        expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Admin")).to_be_hidden()
    assert_usable(visit)


def test_overview_follows_running_jobs(operator_visit: Visit, person: Person, patient_job: str) -> None:
    page = operator_visit.open("/admin")
    running = page.get_by_role("table", name="Running jobs").get_by_role("row").filter(has_text=patient_job[:8])
    expect(running.get_by_text("running", exact=True)).to_be_visible(timeout=END_MILLISECONDS)
    expect(running).to_contain_text(person.name)
    expect(running).to_contain_text(PATIENT)
    expect(page.get_by_role("region", name="Workers")).to_contain_text("working")
    expect(page.get_by_role("region", name="Health")).to_contain_text(re.compile("checks passed|What to do"))
    assert_usable(operator_visit)
    operator_visit.take_picture("admin")

    page.evaluate("document.querySelector('.workers h3').isTheSame = true")
    requests.post(f"{person.v1}/jobs/batch", headers=person.headers, json={"action": "kill", "ids": [patient_job]})
    expect(running).to_have_count(0, timeout=END_MILLISECONDS)
    assert page.evaluate("document.querySelector('.workers h3').isTheSame"), "it was drawn again"


def test_overview_shows_when_it_is_out_of_date(operator_visit: Visit) -> None:
    operator_visit.expect("Failed to load resource")
    page = operator_visit.open("/admin")
    expect(page.get_by_role("heading", name="Running jobs")).to_be_visible()
    page.route("**/v1/admin/queue", lambda route: route.fulfill(status=503, json={"error": {"message": "Too busy"}}))

    expect(page.get_by_role("alert")).to_contain_text("out of date. Too busy", timeout=END_MILLISECONDS)
    expect(page.get_by_role("heading", name="Running jobs")).to_be_visible()
    assert_usable(operator_visit)
    page.unroute("**/v1/admin/queue")
    expect(page.get_by_role("alert")).to_be_hidden(timeout=END_MILLISECONDS)


def test_usage_shows_the_storage_of_each_owner(operator_visit: Visit, person: Person) -> None:
    upload(person, footage("bikes.mp4"))
    page = operator_visit.open("/admin/usage")
    one = page.get_by_role("table", name="Owners").get_by_role("row").filter(has_text=person.name)
    expect(one).to_contain_text(re.compile(r"[\d.]+ [kM]B"))
    expect(page.get_by_role("img", name="Stored uploads per day")).to_be_visible()

    page.get_by_role("link", name="7 days").click()
    expect(page).to_have_url(re.compile(r"days=7"))
    expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    expect(page.locator("figure", has_text="Stored uploads").locator("rect")).to_have_count(7)
    assert_usable(operator_visit)


def test_usage_of_a_month_is_shown_and_downloaded(operator_visit: Visit, person: Person) -> None:
    upload(person, footage("bikes.mp4"))
    page = operator_visit.open("/admin/usage")
    page.get_by_role("link", name="By month").click()
    one = page.get_by_role("table", name="Owners").get_by_role("row").filter(has_text=person.name)
    expect(one).to_contain_text(re.compile(r"[\d.]+ (byte|[kM]B) · d"))

    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert person.name in download.value.path().read_text()
    page.get_by_label("Month").fill("2020-01")
    expect(page.get_by_text("No usage in this month")).to_be_visible()
    assert_usable(operator_visit)


def test_user_is_created_and_can_sign_in(operator_visit: Visit, operator: Person) -> None:
    page = operator_visit.open("/admin/users")
    page.get_by_role("button", name="New user…").click()
    dialog = page.get_by_role("dialog", name="New user")
    dialog.get_by_label("User name").fill("newcomer")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Role").select_option("viewer")
    operator_visit.assert_accessible()
    dialog.get_by_role("button", name="Create").click()

    expect_notice(page, 'User "newcomer" created')
    expect(row(page, "newcomer")).to_contain_text("viewer")
    assert is_let_in(Person("newcomer", operator.v1, ""))


def test_invalid_user_name_is_reported_in_the_form(operator_visit: Visit, person: Person) -> None:
    operator_visit.expect("409")
    page = operator_visit.open("/admin/users")
    page.get_by_role("button", name="New user…").click()
    dialog = page.get_by_role("dialog", name="New user")
    dialog.get_by_label("User name").fill(person.name)
    dialog.get_by_role("button", name="Create").click()

    expect(dialog.get_by_role("alert")).to_contain_text(person.name)


def test_suspended_user_cannot_sign_in_until_resumed(operator_visit: Visit, person: Person) -> None:
    page = operator_visit.open("/admin/users")
    search(page, person.name)
    choose(page, person.name, "Suspend…")
    page.get_by_role("dialog").get_by_role("button", name="Suspend").click()
    expect_notice(page, f'"{person.name}" suspended')
    expect(row(page, person.name)).to_contain_text("suspended")
    assert requests.get(f"{person.v1}/account", headers=person.headers).status_code == 401
    assert not is_let_in(person)

    choose(page, person.name, "Resume")
    expect(row(page, person.name)).to_contain_text("active")
    assert is_let_in(person)


def test_role_of_a_user_is_changed(operator_visit: Visit, person: Person) -> None:
    page = operator_visit.open("/admin/users")
    search(page, person.name)
    choose(page, person.name, "Change role…")
    page.get_by_role("dialog").get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Change role", exact=True).click()

    expect(row(page, person.name)).to_contain_text("viewer")
    assert asked(person, "/account")["account"]["role"] == "viewer"


def test_operators_cannot_suspend_or_delete_themselves(operator_visit: Visit, operator: Person) -> None:
    page = operator_visit.open("/admin/users")
    search(page, operator.name)
    page.get_by_role("button", name=f"Actions for {operator.name}").click()

    expect(page.get_by_role("button", name="Quota…")).to_be_visible()
    for action in ("Suspend…", "Delete…", "Change role…"):
        expect(page.get_by_role("button", name=action)).to_have_count(0)


def test_invited_user_signs_up_with_the_link(operator_visit: Visit, operator: Person, stranger: Visit) -> None:
    page = operator_visit.open("/admin/users")
    page.get_by_role("button", name="Invite user…").click()
    page.get_by_role("dialog").get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_role("textbox", name="Link")
    expect(link).to_have_value(re.compile(r"/sign-up#invitation=.+"))
    operator_visit.assert_accessible()

    theirs = stranger.open(link.input_value().removeprefix(stranger.origin))
    theirs.get_by_label("User name").fill("guest")
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Sign up").click()
    expect(theirs.get_by_role("heading", name="Hello, guest")).to_be_visible()
    users = asked(operator, "/admin/users")["users"]
    assert next(user["role"] for user in users if user["username"] == "guest") == "viewer"


def test_password_is_reset_with_the_link(operator_visit: Visit, person: Person, stranger: Visit) -> None:
    page = operator_visit.open("/admin/users")
    search(page, person.name)
    choose(page, person.name, "Password reset link…")
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_role("textbox", name="Link").input_value()

    theirs = stranger.open(link.removeprefix(stranger.origin))
    theirs.get_by_label("New password").fill("another good sentence")
    theirs.get_by_role("button", name="Set password").click()
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
    assert is_let_in(person, "another good sentence")


def test_quota_of_a_user_is_saved(operator_visit: Visit, person: Person) -> None:
    page = operator_visit.open("/admin/users")
    search(page, person.name)
    choose(page, person.name, "Quota…")
    dialog = page.get_by_role("dialog", name=f'Quota of "{person.name}"')
    dialog.get_by_label("Storage (GB)").fill("2.5")
    dialog.get_by_label("Running jobs").fill("3")
    operator_visit.assert_accessible()
    dialog.get_by_role("button", name="Save quota").click()

    expect_notice(page, f'Quota of "{person.name}" saved')
    assert asked(person, "/account/usage")["quota"] == {"bytes": 2_500_000_000, "running_jobs": 3}


def test_user_is_deleted_after_the_name_is_typed(operator_visit: Visit, person: Person) -> None:
    operator_visit.expect("400")
    page = operator_visit.open("/admin/users")
    search(page, person.name)
    choose(page, person.name, "Delete…")
    dialog = page.get_by_role("dialog", name=f'Delete "{person.name}"?')
    dialog.get_by_role("textbox").fill("another name")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_contain_text(person.name)
    assert is_let_in(person)

    dialog.get_by_role("textbox").fill(person.name)
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No results")).to_be_visible()
    assert not is_let_in(person)


def test_application_signs_in_with_its_downloaded_token(operator_visit: Visit, operator: Person) -> None:
    page = operator_visit.open("/admin/applications")
    page.get_by_role("button", name="New application…").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill("video-shop")
    page.get_by_role("button", name="Create application", exact=True).click()
    expect(page.get_by_role("heading", name="video-shop", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="No tokens")).to_be_visible()

    page.get_by_role("button", name="New token…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("production")
    operator_visit.assert_accessible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Create and download").click()
    assert download.value.suggested_filename == "video-shop-token.json"
    key = json.loads(download.value.path().read_text())["access_token"]["private_key"]
    headers = {APPLICATION_KEY: key}
    assert requests.get(f"{operator.v1}/apps/usage", headers=headers).status_code == 200
    created = requests.post(f"{operator.v1}/apps/users", headers=headers, json={"username": "shopper"})
    assert created.status_code in {200, 201}, created.text

    page.get_by_role("button", name="Done").click()
    page.reload()
    expect(row(page, "production")).to_be_visible()
    expect(page.get_by_role("table", name="Owners")).to_contain_text("shopper")
    assert_usable(operator_visit)
    choose(page, "production", "Revoke…")
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("heading", name="No tokens")).to_be_visible()
    assert requests.get(f"{operator.v1}/apps/usage", headers=headers).status_code == 401


def test_unknown_application_is_reported(operator_visit: Visit) -> None:
    operator_visit.expect("404")
    page = operator_visit.open("/admin/applications/none%2Fsuch")
    expect(page.get_by_role("alert")).to_contain_text("none/such")
    operator_visit.assert_accessible()


def test_settings_mark_changes_and_hide_secrets(browser: Browser, start_platform: StartPlatform) -> None:
    secrets = {"VOXEL51_SERVER_OIDC_CLIENT_SECRET": "hidden-from-all"}
    platform = start_platform(environment={**secrets, "VOXEL51_SERVER_AUDIT_RETENTION_DAYS": "77"})
    with visiting(browser, platform, Person.sign_up(platform, "ada")) as visit:
        page = visit.open("/admin/settings")
        search(page, "AUDIT_RETENTION_DAYS")
        expect(row(page, "audit_retention_days")).to_contain_text("77")
        expect(row(page, "audit_retention_days")).to_contain_text("changed")
        expect(page.locator("tbody tr")).to_have_count(1)

        search(page, "")
        page.get_by_role("checkbox", name=re.compile("Changed settings only")).check()
        expect(row(page, "oidc_client_secret")).to_contain_text("***")
        expect(row(page, "session_days")).to_be_hidden()
        assert "hidden-from-all" not in page.content()
        search(page, "no such setting")
        expect(page.get_by_text("No results.")).to_be_visible()


def test_audit_log_is_searched_and_sorted(operator_visit: Visit, operator: Person, person: Person) -> None:
    requests.put(f"{operator.v1}/admin/users/{person.name}/quota", headers=operator.headers, json={"running_jobs": 4})
    page = operator_visit.open("/admin/audit")
    search(page, f"account:{person.name},action:quota")
    entry = page.get_by_role("table", name="Audit log").get_by_role("row").filter(has_text="quota granted")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text(operator.name)
    expect(entry).to_contain_text("running_jobs: 4")

    search(page, person.name)
    page.get_by_role("button", name="Action").click()
    expect(page).to_have_url(re.compile("sort=action"))
    expect(page.get_by_role("columnheader", name="Action")).to_have_attribute("aria-sort", "descending")
    search(page, "nothing like this")
    expect(page.get_by_text("No results")).to_be_visible()


def test_audit_log_is_paged(operator_visit: Visit, operator: Person, person: Person) -> None:
    for number in range(1, 28):
        quota = {"running_jobs": number}
        requests.put(f"{operator.v1}/admin/users/{person.name}/quota", headers=operator.headers, json=quota)
    page = operator_visit.open("/admin/audit")
    search(page, f"account:{person.name},action:quota")
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("25 of 27")
    expect(page.get_by_text("running_jobs: 27")).to_be_visible()

    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("27 of 27")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_text("running_jobs: 1", exact=True)).to_be_visible()


def test_network_access_is_granted_and_revoked(operator_visit: Visit, person: Person) -> None:
    host = "127.77.7.7:20771"  # in the manifest of the analytic
    page = operator_visit.open("/admin/network")
    request = page.get_by_role("table", name="Network access").get_by_role("row").filter(has_text=CALLING)
    expect(request).to_contain_text(f"{host} not granted")

    choose(page, CALLING, "Grant…")
    dialog = page.get_by_role("dialog", name=f"Network access of {CALLING}")
    expect(dialog.get_by_role("checkbox", name=host)).to_be_checked()
    operator_visit.expect("Failed to load resource")
    dialog.get_by_role("button", name="Grant", exact=True).click()
    expect(dialog).to_contain_text("127.77.7.7 is not a public address. To grant it all the same, name it in")
    dialog.get_by_label("Private networks").fill("127.77.7.7, 10.0.0.0/8")
    dialog.get_by_role("button", name="Grant", exact=True).click()
    expect_notice(page, f"Network access of {CALLING} granted")
    expect(request).to_contain_text(f"{host} granted also in 127.77.7.7/32, 10.0.0.0/8")
    assert_usable(operator_visit)

    of_user = asked(person, f"/analytics?search=name:{CALLING}")["analytics"][0]
    assert of_user["unavailable_reason"] is None
    details = asked(person, f"/analytics/{of_user['id']}")["analytic"]["network"]
    assert details == {"hosts": [{"host": host, "granted": True}], "granted": True}

    choose(page, CALLING, "Revoke…")
    page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    expect_notice(page, f"Network access of {CALLING} revoked; 0 jobs stopped")
    expect(request).to_contain_text(f"{host} not granted")

    page.goto(f"{operator_visit.origin}/analytics/{of_user['id']}")
    section = page.get_by_role("region", name="Network access")
    expect(section).to_contain_text(f"{host} not granted")
    section.get_by_role("link", name="Grant network access").click()
    expect(page).to_have_url(f"{operator_visit.origin}/admin/network")


def test_page_of_an_analytic_says_which_network_access_is_missing(visit: Visit, person: Person) -> None:
    analytic_id = asked(person, f"/analytics?search=name:{CALLING}")["analytics"][0]["id"]

    page = visit.open(f"/analytics/{analytic_id}")

    section = page.get_by_role("region", name="Network access")
    expect(section).to_contain_text("127.77.7.7:20771 not granted")
    expect(section).to_contain_text("Jobs can run after an operator has granted all hosts.")
    expect(page.get_by_role("main")).to_contain_text("it needs network access that no operator has granted")
    expect(page.get_by_role("link", name="Run", exact=True)).to_have_count(0)
    assert_usable(visit)
