"""Page loads: open a page in Chromium with an empty cache and a set round-trip time, and count what it takes.

The delay is that of Chromium's network emulation: each response begins that much later. Connecting costs nothing more,
so a real network adds one round trip for each connection.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import requests
from playwright.sync_api import Browser, sync_playwright

from voxel51.users.api import API
from voxel51.users.auth import Token

_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_LIMIT_MS = 120_000


@dataclass(frozen=True)
class PageLoad:
    """Cost of one page until the awaited element was visible; ``kilobytes`` with headers, as transferred."""

    seconds: float
    requests: int
    kilobytes: float


@dataclass(frozen=True)
class Visitor:
    """A user of the platform at ``url``, with the name and value of the session cookie, or signed out."""

    url: str
    cookie: tuple[str, str] | None = None

    @classmethod
    def sign_up(cls, url: str) -> Self:
        """Create the first account of a platform."""
        answer = requests.post(f"{url}/v1/sign-up", json={"username": "bench", "password": "a long pass phrase"})
        answer.raise_for_status()
        ((name, value),) = answer.cookies.items()
        return cls(url, (name, value or ""))

    def client(self, folder: Path) -> API:
        """Return the Python client of this user, with a token that is written to ``folder``."""
        cookies = dict([self.cookie] if self.cookie else [])
        answer = requests.post(f"{self.url}/v1/account/tokens", json={"name": "bench"}, cookies=cookies)
        answer.raise_for_status()
        token = folder / "token.json"
        token.write_text(answer.text, encoding="utf-8")
        return API(token=Token.from_json(str(token)))

    def signed_out(self) -> "Visitor":
        """Return a visitor of the same platform without a session."""
        return Visitor(self.url)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless Chromium."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


def load_page(browser: Browser, visitor: Visitor, path: str, awaited: str, round_trip_ms: float) -> PageLoad:
    """Open ``path`` with an empty cache and wait until the element ``awaited`` (a CSS selector) is visible."""
    context = browser.new_context()
    if visitor.cookie is not None:
        name, value = visitor.cookie
        context.add_cookies([{"name": name, "value": value, "url": visitor.url}])
    page = context.new_page()
    network = context.new_cdp_session(page)
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.send("Network.enable")
    unlimited = {"downloadThroughput": -1, "uploadThroughput": -1}
    network.send("Network.emulateNetworkConditions", {"offline": False, "latency": round_trip_ms, **unlimited})
    started = time.perf_counter()
    page.goto(visitor.url + path, wait_until="commit")
    page.locator(awaited).first.wait_for(timeout=_LIMIT_MS)
    seconds = time.perf_counter() - started
    load = PageLoad(seconds, len(sizes), sum(sizes) / 1000)
    context.close()
    return load
