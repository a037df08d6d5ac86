"""A real browser that looks at the console, and sees to it that nothing in there is amiss."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from demo.platform_process import PlatformProcess
from support.waiting import LIMIT_MS
from voxel51.wire.headers import SESSION_COOKIE

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
PASSWORD = "correct horse battery staple"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


expect.set_options(timeout=LIMIT_MS)

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync"]  # fmt: skip
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window. Skips where there is none, and fails in CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        reason = "no Chromium on the path; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in by a password.

    Attributes:
        session: the key in the cookie of a session that has begun.
        headers: what puts requests of the test's own into this session.
    """

    name: str
    v1: str
    session: str

    @classmethod
    def sign_up(cls, platform: PlatformProcess, name: str) -> "Person":
        """Make an account at a platform where signing up is open; the first one is the operator's."""
        v1 = f"{platform.url}/v1"
        answer = requests.post(f"{v1}/sign-up", json={"username": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return cls(name, v1, answer.cookies[SESSION_COOKIE])

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{SESSION_COOKIE}={self.session}"}


@dataclass
class Visit:
    """One person's visit with a browser of its own (cookies, storage).

    At its end it is asserted that no page said anything to the browser's console, that no script failed, and that no
    request went to another host. A test that breaks something on purpose says so by `expect`.
    """

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a page of the platform, and wait until it has its heading."""
        self.page.goto(self.origin + path)
        self.page.locator("h1").first.wait_for()
        return self.page

    def expect(self, *parts: str) -> None:
        """What the browser's console says with one of ``parts`` in it is no complaint in this test."""
        self.expected.extend(parts)

    def assert_accessible(self) -> None:
        """Nothing on the page as it is now is wrong by the rules of axe (WCAG 2.2 AA and good practice)."""
        self.wait_until("document.getAnimations().every(each => each.playState !== 'running')")
        found = Axe().run(self.page, options=_RULES)
        assert found.violations_count == 0, found.generate_report()

    def wait_until(self, condition: str) -> None:
        """Wait until an expression of JavaScript is true. Playwright's own way evaluates text in the page, which the
        console's policy forbids from the second look on."""
        self.page.evaluate(f"""() => new Promise((done, fail) => {{
            const late = setTimeout(() => fail(new Error("the condition did not become true")), {LIMIT_MS:.0f});
            const look = () => {{
                if (!({condition})) return requestAnimationFrame(look);
                clearTimeout(late);
                done();
            }};
            look();
        }})""")

    def in_both_looks(self) -> Iterator[str]:
        """The page in light and in dark, one after the other."""
        for look in ("light", "dark"):
            self.page.emulate_media(color_scheme=look)
            yield look
        self.page.emulate_media(color_scheme="light")

    def take_picture(self, name: str) -> None:
        """Keep a picture of the page in ``docs/pictures``, where that is asked for (``make pictures``)."""
        if os.environ.get("PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            self.page.screenshot(path=PICTURES / f"{name}.png")

    def assert_fits(self) -> None:
        """The page is not wider than its window, so nobody has to scroll to the side."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is too wide"


@contextmanager
def visiting(browser: Browser, platform: PlatformProcess, person: Person | None) -> Iterator[Visit]:
    """A visit by ``person``, signed in; by a stranger where there is none."""
    context = browser.new_context(viewport=DESK, accept_downloads=True, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(LIMIT_MS)
    if person is not None:
        context.add_cookies([{"name": SESSION_COOKIE, "value": person.session, "url": platform.url}])
    visit = Visit(context.new_page(), platform.url)
    context.on("page", lambda page: _watch(page, visit))
    _watch(visit.page, visit)
    yield visit
    context.close()
    unexpected = [line for line in visit.complaints if not any(part in line for part in visit.expected)]
    assert unexpected == [], unexpected


def _watch(page: Page, visit: Visit) -> None:
    own = urlsplit(visit.origin).netloc

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            visit.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def see(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != own:
            visit.complaints.append(f"request to another host: {request.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: visit.complaints.append(f"script failed: {error}"))
    page.on("request", see)
