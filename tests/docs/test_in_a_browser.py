"""The documentation in a browser, served by a platform with its content security policy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from demo.platform_process import PlatformProcess
from support.browsers import running_browser, visiting


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(("word", "title"), [("grace", "Settings"), ("contact", "Draw labels")])
def test_search_finds_pages(browser: Browser, platform: PlatformProcess, word: str, title: str) -> None:
    with visiting(browser, platform, None) as visit:
        page = visit.open("/docs")
        box = page.locator(".sidebar-search")
        box.fill(word)
        box.press("Enter")
        found = page.locator("#search-results li a", has_text=title).first
        found.wait_for()
        page.wait_for_load_state("networkidle")  # leaving the page earlier would abort the requests for excerpts
        found.click()

        expect(page.locator("h1")).to_contain_text(title)
        expect(page.locator("article")).to_contain_text(word, ignore_case=True)


@pytest.mark.usefixtures("site")
def test_navigation_and_colour_schemes_work(browser: Browser, platform: PlatformProcess) -> None:
    with visiting(browser, platform, None) as visit:
        page = visit.open("/docs/analytics")
        page.locator("article").get_by_role("link", name="voxel51/object-tracks").first.click()
        expect(page.locator("h2", has_text="Parameters")).to_be_visible()
        before = page.locator("body").get_attribute("data-theme")
        page.locator(".theme-toggle:visible").first.click()

        expect(page.locator("body")).not_to_have_attribute("data-theme", before or "")
