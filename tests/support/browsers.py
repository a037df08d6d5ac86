"""Browser tests: a real Chromium on the console, which fails a test on script errors and requests to other hosts."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from demo.platform_process import PlatformProcess
from support.requirements import skip_except_in_ci
from support.waiting import LIMIT_MS
from voxel51.server.http.cookies import cookies_of

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
PASSWORD = "correct horse battery staple"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


expect.set_options(timeout=LIMIT_MS)

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync"]  # fmt: skip
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_RULES_OF_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""Those whose result depends on the colour scheme: in the second one, the page is otherwise the same."""


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Yield a headless Chromium. Skip the test if none is installed; in CI, fail it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        skip_except_in_ci("the program chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True)
class Person:
    """A user who signs in with a password.

    Attributes:
        session: the key in the session cookie.
        headers: headers that authenticate other requests of the test in this session.
    """

    name: str
    v1: str
    session: str

    @classmethod
    def sign_up(cls, platform: PlatformProcess, name: str) -> "Person":
        """Sign up on a platform with open sign-up; the first user is the operator."""
        v1 = f"{platform.url}/v1"
        answer = requests.post(f"{v1}/sign-up", json={"username": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return cls(name, v1, answer.cookies[cookies_of(platform.url).session])

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{self.cookie}={self.session}"}

    @property
    def cookie(self) -> str:
        """Return the name of the session's cookie."""
        return cookies_of(self.v1.removesuffix("/v1")).session


@dataclass
class Visit:
    """One user's browser context, with its own cookies and storage.

    At its end it is asserted that no page wrote a warning or an error to the browser's console, that no script failed,
    and that no request went to another host. A test that causes such messages on purpose allows them with `expect`.
    """

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    _is_dark: bool = False

    def open(self, path: str) -> Page:
        """Open a page of the platform and wait for its heading."""
        self.page.goto(self.origin + path)
        self.page.locator("h1").first.wait_for()
        return self.page

    def expect(self, *parts: str) -> None:
        """Allow messages in the browser's console that contain one of ``parts``."""
        self.expected.extend(parts)

    def assert_accessible(self) -> None:
        """Assert that the page violates no rule of axe (WCAG 2.2 AA and best practice)."""
        self.wait_until("document.getAnimations().every(each => each.playState !== 'running')")
        found = Axe().run(self.page, options=_RULES_OF_COLOURS if self._is_dark else _RULES)
        assert found.violations_count == 0, found.generate_report()

    def wait_until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true.

        `Page.wait_for_function` evaluates text in the page, which the console's content security policy forbids.
        """
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
        """Yield "light" and "dark", with the page in that colour scheme."""
        for look in ("light", "dark"):
            self.page.emulate_media(color_scheme=look)
            self._is_dark = look == "dark"
            yield look
        self.page.emulate_media(color_scheme="light")
        self._is_dark = False

    def take_picture(self, name: str) -> None:
        """Save a screenshot of the page to ``docs/pictures`` if the variable PICTURES is set (``make pictures``)."""
        if os.environ.get("PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            screen = Image.open(BytesIO(self.page.screenshot())).convert("RGB")
            # Pages of text alone are smaller without loss, photographs with loss.
            forms = [_webp(screen, lossless=True), _webp(screen, quality=85)]
            (PICTURES / f"{name}.webp").write_bytes(min(forms, key=len))

    def assert_fits(self) -> None:
        """Assert that the page is not wider than its window, so that no horizontal scrolling is needed."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is too wide"


def _webp(picture: Image.Image, **options: Any) -> bytes:
    target = BytesIO()
    picture.save(target, "WEBP", method=6, **options)
    return target.getvalue()


@contextmanager
def visiting(browser: Browser, platform: PlatformProcess, person: Person | None) -> Iterator[Visit]:
    """Yield a visit by ``person``, signed in, or by an anonymous visitor if it is None."""
    context = browser.new_context(viewport=DESK, accept_downloads=True, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(LIMIT_MS)
    if person is not None:
        context.add_cookies([{"name": person.cookie, "value": person.session, "url": platform.url}])
    visit = Visit(context.new_page(), platform.url)
    context.on("page", lambda page: _watch(page, visit))
    _watch(visit.page, visit)
    yield visit
    context.close()
    unexpected = [line for line in visit.complaints if not any(part in line for part in visit.expected)]
    assert unexpected == [], unexpected


def _watch(page: Page, visit: Visit) -> None:
    own = urlsplit(visit.origin).netloc

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            visit.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def on_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != own:
            visit.complaints.append(f"request to another host: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: visit.complaints.append(f"script failed: {error}"))
    page.on("request", on_request)
