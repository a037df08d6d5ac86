"""Authentication: signing up, signing in, expired sessions, OIDC, signing out."""

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, expect

from demo.platform_process import PlatformProcess
from support.browsers import PASSWORD, PHONE, Person, Visit, visiting
from support.oidc_provider import CLIENT_ID, CLIENT_SECRET, LooseProvider, Says
from support.platforms import StartPlatform, new_platform, running

pytestmark = pytest.mark.slow


def test_first_account_is_the_operator(browser: Browser, start_platform: StartPlatform) -> None:
    with visiting(browser, start_platform(), None) as visit:
        page = visit.open("/")
        expect(page.get_by_role("heading", name="Create the first account")).to_be_visible()
        visit.assert_accessible()
        visit.take_picture("first-account")
        page.get_by_label("User name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()

        expect(page.get_by_role("heading", name="Hello, ada")).to_be_visible()
        expect(page.get_by_role("link", name="Admin")).to_be_visible()


def test_sign_in_leads_to_the_requested_page(stranger: Visit, person: Person) -> None:
    page = stranger.open("/jobs?search=cars")
    expect(page).to_have_url(re.compile("/sign-in"))
    stranger.assert_accessible()
    page.get_by_label("User name").fill(person.name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page).to_have_url(f"{stranger.origin}/jobs?search=cars")
    expect(page.get_by_role("link", name="Admin")).to_be_hidden()


@pytest.mark.parametrize("aim", ["https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)"])
def test_sign_in_never_redirects_to_another_host(stranger: Visit, person: Person, aim: str) -> None:
    page = stranger.open(f"/sign-in?next={aim}")
    page.get_by_label("User name").fill(person.name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert page.url.startswith(f"{stranger.origin}/")


def test_wrong_password_is_reported_in_the_form(stranger: Visit, person: Person) -> None:
    stranger.expect("401")
    page = stranger.open("/sign-in")
    page.get_by_label("User name").fill(person.name)
    page.get_by_label("Password").fill("something else")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_have_text("The user name or the password is wrong")
    stranger.assert_accessible()


def test_expired_session_is_renewed_with_the_password(visit: Visit, person: Person) -> None:
    visit.expect("401")
    page = visit.open("/account")
    sessions = requests.get(f"{person.v1}/account/sessions", headers=person.headers).json()["sessions"]
    requests.delete(f"{person.v1}/account/sessions/{sessions[0]['id']}", headers=person.headers)

    page.get_by_role("link", name="Tokens").click()
    dialog = page.get_by_role("dialog", name="Your session has expired")
    expect(dialog).to_be_visible()
    visit.assert_accessible()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()

    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="No tokens")).to_be_visible()


def test_sign_out_ends_the_session(visit: Visit, person: Person) -> None:
    page = visit.open("/")
    page.get_by_role("button", name=f"Account of {person.name}").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert requests.get(f"{person.v1}/account", headers=person.headers).status_code == 401


def test_invitation_and_password_reset_links_work(browser: Browser, start_platform: StartPlatform) -> None:
    platform = start_platform()
    operator = Person.sign_up(platform, "ada")
    invitation = requests.post(f"{operator.v1}/admin/invitations", headers=operator.headers, json={}).json()["key"]
    with visiting(browser, platform, None) as visit:
        page = visit.open(f"/sign-up#invitation={invitation}")
        page.get_by_label("User name").fill("grace")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()
        expect(page.get_by_role("heading", name="Hello, grace")).to_be_visible()

    reset = requests.post(f"{operator.v1}/admin/users/grace/password-reset", headers=operator.headers).json()["key"]
    with visiting(browser, platform, None) as visit:
        page = visit.open(f"/choose-password#key={reset}")
        page.get_by_label("New password").fill("another good sentence")
        page.get_by_role("button", name="Set password").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.get_by_label("User name").fill("grace")
        page.get_by_label("Password").fill("another good sentence")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Hello, grace")).to_be_visible()


def test_console_fits_on_a_phone(visit: Visit) -> None:
    visit.page.set_viewport_size(PHONE)
    page = visit.open("/")
    visit.assert_fits()
    page.get_by_role("button", name="Navigation").click()
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    visit.assert_fits()


def test_theme_is_chosen_and_kept(visit: Visit) -> None:
    page = visit.open("/")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Dark", exact=True).click()
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", level=1)).to_be_visible()  # the page has been drawn again
    for _ in visit.in_both_looks():
        visit.assert_accessible()


@pytest.fixture(scope="module")
def provider() -> Iterator[LooseProvider]:
    loose = LooseProvider()
    yield loose
    loose.close()


@pytest.fixture(scope="module")
def with_provider(
    provider: LooseProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[PlatformProcess, Person]]:
    """A platform with an OIDC provider, where new users need an invitation; and its operator."""
    settings = {"ISSUER": provider.url, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET, "NAME": "The Company"}
    environment = {f"VOXEL51_SERVER_OIDC_{name}": text for name, text in settings.items()}
    with running(new_platform(tmp_path_factory.mktemp("oidc") / "data", environment=environment)) as platform:
        yield platform, Person.sign_up(platform, "ada")


def test_invited_user_signs_up_through_the_oidc_provider(
    browser: Browser, provider: LooseProvider, with_provider: tuple[PlatformProcess, Person]
) -> None:
    platform, operator = with_provider
    invitation = requests.post(f"{operator.v1}/admin/invitations", headers=operator.headers, json={}).json()["key"]
    provider.says = Says({"sub": "7", "preferred_username": "grace"})
    with visiting(browser, platform, None) as visit:
        visit.expect("request to another host", "403")
        page = visit.page
        visit.open("/sign-up")
        page.get_by_role("link", name="Sign up with The Company").click()
        expect(page.get_by_role("alert").filter(has_text="invitation")).to_be_visible()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        visit.assert_accessible()
        page.reload()
        expect(page.get_by_role("alert").first).to_have_text("The sign-in failed. Try to sign in again.")

        visit.open(f"/sign-up#invitation={invitation}")
        page.get_by_role("link", name="Sign up with The Company").click()
        expect(page.get_by_role("heading", name="Hello, grace")).to_be_visible()


def test_error_text_in_the_url_is_not_shown(stranger: Visit) -> None:
    page = stranger.open("/sign-in?refused=Call+0900+123456")
    expect(page.get_by_role("alert").first).to_have_text("The sign-in failed. Try to sign in again.")


def test_oidc_provider_is_connected_and_disconnected(
    browser: Browser, provider: LooseProvider, with_provider: tuple[PlatformProcess, Person]
) -> None:
    platform, operator = with_provider
    with visiting(browser, platform, operator) as visit:
        visit.expect("request to another host")
        provider.says = Says({"sub": "8", "preferred_username": "ada"})
        page = visit.page
        visit.open("/account")
        page.get_by_role("button", name="Connect The Company").click()
        expect(page.get_by_text("Your account is connected to The Company.")).to_be_visible()
        visit.assert_accessible()
        page.get_by_role("button", name="Disconnect The Company").click()
        page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
        expect(page.get_by_role("button", name="Connect The Company")).to_be_visible()
