"""Navigation: links, going back, slow pages, pages that cannot be loaded or fail."""

import re

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from support.browsers import Person, Visit

pytestmark = pytest.mark.slow

TOKENS = "**/pages/account/tokens.js"


def link(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Account").get_by_role("link", name=name).click()


def test_latest_navigation_wins_over_a_slow_one(visit: Visit) -> None:
    held: list[Route] = []
    visit.page.route(TOKENS, lambda route: held.append(route))  # noqa: PLW0108  (Playwright marks what it is given)
    page = visit.open("/account")
    link(page, "Tokens")
    link(page, "Sessions")
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    with page.expect_response(TOKENS):
        held[0].continue_()
    expect(page).to_have_title(re.compile("^Sessions"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Sessions")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_module_that_cannot_be_loaded_is_reported(visit: Visit) -> None:
    visit.expect("ERR_FAILED")
    visit.page.route(TOKENS, lambda route: route.abort())
    page = visit.open("/account")
    link(page, "Tokens")
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    visit.assert_accessible()


def test_failing_page_is_reported_and_others_work(visit: Visit) -> None:
    visit.expect("broken on purpose")
    broken = "export function page() { throw new Error('broken on purpose'); }"
    visit.page.route(TOKENS, lambda route: route.fulfill(body=broken, content_type="text/javascript"))
    page = visit.open("/account")
    link(page, "Tokens")
    expect(page.get_by_text("broken on purpose")).to_be_visible()
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()


def test_malformed_url_is_not_found(visit: Visit) -> None:
    page = visit.open("/account/webhooks/%E0%A4%A")
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()


def test_going_back_restores_the_scroll_position(visit: Visit, person: Person) -> None:
    for number in range(25):
        body = {"name": f"number {number}"}
        requests.post(f"{person.v1}/account/tokens", json=body, headers=person.headers, timeout=20).raise_for_status()
    page = visit.open("/account/tokens")
    page.get_by_role("row").filter(has_text="number 0").scroll_into_view_if_needed()
    where = page.evaluate("scrollY")
    assert where > 100
    page.get_by_role("link", name="Search").click()
    expect(page.get_by_role("heading", name="Nothing to search yet")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.go_back()
    visit.wait_until(f"scrollY === {where}")


def test_dialog_closes_when_its_page_is_left(visit: Visit) -> None:
    page = visit.open("/account")
    link(page, "Tokens")
    page.get_by_role("button", name="New token").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name="Password")).to_be_visible()
