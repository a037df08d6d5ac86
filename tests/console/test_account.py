"""Account pages: tokens, sessions, password, webhooks, activity, export and deletion."""

import json
import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from console.asking import assert_usable
from demo.platform_process import PlatformProcess
from support.browsers import PASSWORD, PHONE, Person, Visit, visiting
from support.platforms import StartPlatform
from support.webhook_receivers import Receiver
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.wire.webhooks import WEBHOOK_EVENTS

pytestmark = pytest.mark.slow

PAGES = {
    "": None,
    "tokens": "Tokens",
    "sessions": "Sessions",
    "secrets": "Secrets",
    "webhooks": "Webhooks",
    "activity": "Activity",
    "delete": "Export and delete",
}
HOSTILE = '"><img src=x onerror=alert(1)>'


def make_token(page: Page, name: str) -> None:
    """Fill in and submit the form for a new token."""
    page.get_by_role("button", name="New token").first.click()
    form = page.get_by_role("dialog", name="New token")
    form.get_by_label("Name").fill(name)
    form.get_by_role("button", name="Create").click()


def download_token(page: Page, path: Path) -> None:
    """Download the token file to ``path``, and close the dialog."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download api-token.json").click()
    assert download.value.suggested_filename == "api-token.json"
    download.value.save_as(path)
    page.get_by_role("button", name="Done").click()


def test_account_pages_are_accessible_and_fit_on_a_phone(visit: Visit, person: Person) -> None:
    for path, heading in PAGES.items():
        page = visit.open(f"/account/{path}".rstrip("/"))
        expect(page.get_by_role("heading", level=1)).to_have_text(heading or person.name)
        expect(page.get_by_text("Loading…")).to_have_count(0)
        visit.take_picture(f"account-{path}".rstrip("-"))
        assert_usable(visit)


def test_python_client_works_with_a_new_token_until_it_is_revoked(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("/account/tokens")
    expect(page.get_by_role("heading", name="No tokens")).to_be_visible()
    make_token(page, HOSTILE)
    expect(page.get_by_text("not shown again")).to_be_visible()
    visit.assert_accessible()
    visit.take_picture("new-token")
    download_token(page, tmp_path / "api-token.json")

    with API(token=Token.from_json(str(tmp_path / "api-token.json"))) as api:
        assert api.list_data() == []
        page.reload()
        listed = page.get_by_role("row").filter(has_text=HOSTILE)
        expect(listed).to_contain_text("valid until")
        expect(listed).not_to_contain_text("never")  # it was used
        page.get_by_role("button", name="Actions for").click()
        page.get_by_role("button", name="Revoke…").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()

        expect(page.get_by_role("heading", name="No tokens")).to_be_visible()
        with pytest.raises(Exception, match="revoked"):
            api.list_data()
    page.get_by_label("Show revoked and expired tokens").check()
    expect(page.get_by_role("row").filter(has_text=HOSTILE)).to_contain_text("revoked")


def test_token_has_the_selected_scopes_and_is_rotated(visit: Visit, person: Person, tmp_path: Path) -> None:
    page = visit.open("/account/tokens")
    page.get_by_role("button", name="New token").first.click()
    form = page.get_by_role("dialog", name="New token")
    expect(form.get_by_label("administer")).to_have_count(0)  # members do not have this scope
    form.get_by_label("Name").fill("reader")
    for scope in ("upload", "run", "manage"):
        form.get_by_label(scope).uncheck()
    form.get_by_label("Expires after (days)").fill("")
    form.get_by_role("button", name="Create").click()
    download_token(page, tmp_path / "old.json")
    keys = [json.loads((tmp_path / "old.json").read_text())["access_token"]["private_key"]]
    expect(page.get_by_role("row").filter(has_text="reader")).to_contain_text("valid")

    page.get_by_role("button", name="Actions for reader").click()
    page.get_by_role("button", name="Rotate…").click()
    page.get_by_role("dialog").get_by_label("Old token expires").select_option(label="in 1 hour")
    page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    download_token(page, tmp_path / "new.json")
    keys.append(json.loads((tmp_path / "new.json").read_text())["access_token"]["private_key"])

    for key in keys:
        headers = {"Authorization": f"Bearer {key}"}
        assert requests.get(f"{person.v1}/account", headers=headers, timeout=20).json()["scopes"] == ["read"]
    expect(page.get_by_role("row").filter(has_text="reader")).to_have_count(2)


def test_invalid_token_is_reported_in_the_form(visit: Visit) -> None:
    visit.expect("400")
    page = visit.open("/account/tokens")
    page.get_by_role("button", name="New token").first.click()
    form = page.get_by_role("dialog", name="New token")
    form.get_by_label("Name").fill("good for nothing")
    for scope in ("read", "upload", "run", "manage"):
        form.get_by_label(scope).uncheck()
    form.get_by_role("button", name="Create").click()

    expect(form.get_by_role("alert")).to_contain_text("no scopes")


def test_sessions_are_listed_and_signed_out(visit: Visit, person: Person) -> None:
    body = {"username": person.name, "password": PASSWORD}
    agents = ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "a telephone", "a television")
    keys = [
        requests.post(f"{person.v1}/sign-in", json=body, headers={"User-Agent": agent}, timeout=20).cookies[
            person.cookie
        ]
        for agent in agents
    ]
    page = visit.open("/account/sessions")
    expect(page.get_by_role("row").nth(1)).to_contain_text("this session")
    expect(page.get_by_role("row")).to_have_count(5)
    page.get_by_role("button", name="Sign out Firefox 140 on Windows").click()
    expect(page.get_by_role("row")).to_have_count(4)

    def is_in(key: str) -> bool:
        return requests.get(f"{person.v1}/account", cookies={person.cookie: key}, timeout=20).status_code == 200

    assert [is_in(key) for key in keys] == [False, True, True]
    page.get_by_role("button", name="Sign out other sessions").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("2 sessions signed out")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(2)
    assert not any(is_in(key) for key in keys)
    page.reload()
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()


def test_password_change_requires_the_current_password(visit: Visit, person: Person) -> None:
    visit.expect("400", "401", "403")
    page = visit.open("/account")
    page.get_by_label("Current password").fill("not this one")
    page.get_by_label("New password").fill("a wholly new sentence")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert").filter(has_text="password")).to_be_visible()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Password changed.")).to_be_visible()

    body = {"username": person.name, "password": "a wholly new sentence"}
    assert requests.post(f"{person.v1}/sign-in", json=body, timeout=20).status_code == 200


def test_storage_is_shown_with_its_quota(visit: Visit, person: Person, operator: Person) -> None:
    url = f"{person.v1}/admin/users/{person.name}/quota"
    requests.put(url, json={"bytes": 2_000_000}, headers=operator.headers, timeout=20).raise_for_status()
    files = {"file": ("half.bin", b"x" * 1_000_000)}
    requests.post(f"{person.v1}/data", files=files, headers=person.headers, timeout=20).raise_for_status()

    page = visit.open("/account")
    expect(page.get_by_text(re.compile(r"1 MB of 2 MB used \(50%\)"))).to_be_visible()
    expect(page.get_by_role("progressbar", name="Storage used")).to_have_attribute("value", "0.5")


def secrets_of(person: Person) -> dict[str, list[str]]:
    answer = requests.get(f"{person.v1}/secrets", headers=person.headers, timeout=20).json()
    return {each["name"]: each["analytics"] for each in answer["secrets"]}


def choose(page: Page, name: str, action: str) -> None:
    """Choose an action of the menu of a row."""
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("button", name=action).click()


def test_secret_is_stored_replaced_granted_and_deleted(visit: Visit, person: Person) -> None:
    page = visit.open("/account/secrets")
    page.get_by_role("button", name="New secret").first.click()
    form = page.get_by_role("dialog", name="New secret")
    for _ in visit.in_both_looks():
        visit.assert_accessible()
    form.get_by_label("Name").fill("hub_token")
    expect(form.get_by_label("Value")).to_have_attribute("type", "password")
    form.get_by_label("Value").fill("abc-first-value")
    form.get_by_label("Analytics that may use it").fill("voxel51/object-tracks")
    form.get_by_role("button", name="Store secret").click()
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("hub_token")
    expect(row).to_contain_text("voxel51/object-tracks")
    visit.take_picture("account-secrets")

    choose(page, "hub_token", "Change analytics")
    form = page.get_by_role("dialog", name='Analytics that may use "hub_token"')
    names = form.get_by_label("Analytics that may use it")
    expect(names).to_have_value("voxel51/object-tracks")
    names.fill("voxel51/face-detection\nvoxel51/shot-detection")
    form.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("voxel51/shot-detection")
    assert secrets_of(person) == {"hub_token": ["voxel51/face-detection", "voxel51/shot-detection"]}

    choose(page, "hub_token", "Replace value")
    form = page.get_by_role("dialog")
    form.get_by_label("Value").fill("abc-second-value")
    form.get_by_role("button", name="Replace value").click()
    expect(form).to_have_count(0)
    assert secrets_of(person) == {"hub_token": ["voxel51/face-detection", "voxel51/shot-detection"]}
    page.reload()
    expect(row).to_contain_text("hub_token")
    assert "-value" not in page.content()
    page.set_viewport_size(PHONE)
    visit.assert_fits()

    choose(page, "hub_token", "Delete…")
    page.get_by_role("dialog").get_by_role("button", name="Delete secret").click()
    expect(page.get_by_role("heading", name="No secrets")).to_be_visible()
    assert secrets_of(person) == {}


def test_secret_for_an_unknown_analytic_is_reported_in_the_form(visit: Visit, person: Person) -> None:
    visit.expect("400", "404")
    page = visit.open("/account/secrets")
    page.get_by_role("button", name="New secret").first.click()
    form = page.get_by_role("dialog", name="New secret")
    form.get_by_label("Name").fill("hub_token")
    form.get_by_label("Value").fill("abc")
    form.get_by_label("Analytics that may use it").fill("voxel51/gone")
    form.get_by_role("button", name="Store secret").click()
    expect(form.get_by_role("alert").last).to_contain_text("voxel51/gone")
    assert secrets_of(person) == {}


def test_webhook_is_created_tested_resent_and_deleted(browser: Browser, start_platform: StartPlatform) -> None:
    receiver = Receiver()
    platform = start_platform(
        environment={"VOXEL51_SERVER_OUTBOUND_ALLOW": "127.0.0.1", "VOXEL51_SERVER_SIGN_UP": "open"}
    )
    ada = Person.sign_up(platform, "ada")
    with visiting(browser, platform, ada) as visit:
        page = visit.open("/account/webhooks")
        page.get_by_role("button", name="New webhook").first.click()
        form = page.get_by_role("dialog", name="New webhook")
        visit.assert_accessible()
        form.get_by_label("URL").fill(f"{receiver.url}/webhook")
        form.get_by_label("running").uncheck()
        form.get_by_role("button", name="Create").click()
        secret = page.get_by_role("dialog", name="Signing secret")
        receiver.secret = secret.locator("code").inner_text()
        visit.assert_accessible()
        secret.get_by_role("button", name="Done").click()

        page.get_by_role("link", name=f"{receiver.url}/webhook").click()
        page.get_by_role("button", name="Send test event").click()
        assert [message["event"] for message in receiver.wait_for(1)] == ["test"]
        expect(page.get_by_role("row").nth(1)).to_contain_text("status 200")
        page.get_by_role("button", name="Resend test").click()
        assert [message["event"] for message in receiver.wait_for(2)] == ["test", "test"]
        for _ in visit.in_both_looks():
            visit.assert_accessible()
        visit.take_picture("webhook")
        page.set_viewport_size(PHONE)
        visit.assert_fits()

        page.get_by_role("button", name="More actions").click()
        page.get_by_role("button", name="Disable").click()
        expect(page.get_by_role("button", name="Enable")).to_be_visible()
        page.get_by_role("button", name="More actions").click()
        page.get_by_role("button", name="Delete…").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", name="No webhooks")).to_be_visible()
    receiver.close()


def test_forbidden_webhook_url_is_reported_in_the_form(visit: Visit) -> None:
    visit.expect("400")
    page = visit.open("/account/webhooks")
    page.get_by_role("button", name="New webhook").first.click()
    form = page.get_by_role("dialog", name="New webhook")
    form.get_by_label("URL").fill("http://127.0.0.1:1/")
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_role("alert")).to_contain_text("127.0.0.1")


def test_webhook_form_lists_all_webhook_events(visit: Visit) -> None:
    page = visit.open("/account/webhooks")
    page.get_by_role("button", name="New webhook").first.click()
    boxes = page.get_by_role("dialog").get_by_role("checkbox")
    assert {box.get_attribute("name") for box in boxes.all()} == set(WEBHOOK_EVENTS)


def test_activity_is_paged_and_searched(visit: Visit, person: Person) -> None:
    for number in range(30):
        body = {"name": f"number {number}"}
        requests.post(f"{person.v1}/account/tokens", json=body, headers=person.headers, timeout=20).raise_for_status()
    page = visit.open("/account/activity")
    expect(page.get_by_role("row").nth(1)).to_contain_text("number 29")
    expect(page.get_by_role("row")).to_have_count(26)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("row").last).to_contain_text("account created")
    page.get_by_label("Search activity").fill("created")
    expect(page.get_by_role("row")).to_have_count(2)


def test_account_is_exported_and_deleted(visit: Visit, person: Person) -> None:
    page = visit.open("/account/delete")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export data").click()
    everything = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert everything["account"]["username"] == person.name

    page.get_by_label("Type your user name").fill("another name")
    page.get_by_role("button", name="Delete account").click()
    expect(page.get_by_role("alert")).to_contain_text("is not your user name")
    page.get_by_label("Type your user name").fill(person.name)
    page.get_by_role("button", name="Delete account").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    body = {"username": person.name, "password": PASSWORD}
    assert requests.post(f"{person.v1}/sign-in", json=body, timeout=20).status_code == 401


def test_last_operator_cannot_delete_the_account(browser: Browser, start_platform: StartPlatform) -> None:
    platform: PlatformProcess = start_platform()
    with visiting(browser, platform, Person.sign_up(platform, "ada")) as visit:
        visit.expect("409")
        page = visit.open("/account/delete")
        page.get_by_label("Type your user name").fill("ada")
        page.get_by_role("button", name="Delete account").click()
        expect(page.get_by_role("alert")).to_contain_text("operator")
