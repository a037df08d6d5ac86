"""Uploads in a browser: actions on the page, requests that it sends, and the state on the platform."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from support.browsers import Person
from support.waiting import LIMIT_MS, LIMIT_SECONDS
from voxel51.wire import uploads as tus


@dataclass
class Sent:
    """Upload requests that a page sends: the number of uploads begun, and the offset of each piece."""

    begun: int = 0
    offsets: list[int] = field(default_factory=list)

    @classmethod
    def watch(cls, page: Page) -> "Sent":
        sent = cls()

        def record(request: Request) -> None:
            if request.method == "POST" and request.url.endswith("/v1/data/uploads"):
                sent.begun += 1
            if request.method == "PATCH":
                sent.offsets.append(int(request.headers[tus.OFFSET.lower()]))

        page.on("request", record)
        return sent


def choose(page: Page, *paths: Path) -> None:
    """Choose files with the button and the browser's file dialog."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
    chooser.value.set_files(list(paths))


def drop(page: Page, files: Sequence[dict[str, Any]], event: str = "drop") -> None:
    """Dispatch a drag-and-drop ``event`` with ``files`` (name, type, text) to the page."""
    transfer = page.evaluate_handle(
        """files => {
            const transfer = new DataTransfer();
            for (const { name, type, text } of files) {
                transfer.items.add(new File([text], name, { type, lastModified: 1e12 }));
            }
            return transfer;
        }""",
        list(files),
    )
    page.dispatch_event("main", event, {"dataTransfer": transfer})


def tray(page: Page) -> Locator:
    return page.get_by_role("region", name="Uploads")


def entry(page: Page, name: str) -> Locator:
    """Return the entry of one upload in the tray."""
    return tray(page).get_by_role("listitem").filter(has_text=name)


def expect_state(page: Page, name: str, state: str) -> None:
    expect(entry(page, name)).to_have_attribute("data-state", state, timeout=LIMIT_MS)


class Network:
    """Network emulation for a page: full speed, slow, or offline."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)  # one session: the settings of several would add up

    def slow_down(self) -> None:
        self._set(bytes_per_second=12 * 1024 * 1024)

    def speed_up(self) -> None:
        self._set()

    def cut_off(self) -> None:
        self._set(is_offline=True)

    def _set(self, *, bytes_per_second: int = -1, is_offline: bool = False) -> None:
        conditions = {
            "offline": is_offline,
            "latency": 0,
            "downloadThroughput": -1,
            "uploadThroughput": bytes_per_second,
        }
        self._session.send("Network.emulateNetworkConditions", conditions)


class BrowserProcesses:
    """All processes of a browser."""

    def __init__(self, browser: Browser) -> None:
        self._session = browser.new_browser_cdp_session()

    def private_bytes(self) -> int:
        """Return the private memory of all processes, which grows if a file is read as a whole."""
        processes = self._session.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(_private_bytes(Path(f"/proc/{process['id']}/status")) for process in processes)


def _private_bytes(status: Path) -> int:
    try:
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    except FileNotFoundError:  # the process has ended
        return 0
    return int(lines.get("RssAnon", "0 kB").split()[0]) * 1024


def wait_until_some_is_sent(page: Page, name: str) -> None:
    """Wait until the progress bar of a file shows that a part of it is sent."""
    page.wait_for_function(
        """name => [...document.querySelectorAll(".tray li")].some(item =>
            item.textContent.includes(name) && item.querySelector("progress")?.value > 0)""",
        arg=name,
    )


def unfinished(person: Person) -> list[dict[str, Any]]:
    """Return the unfinished uploads of ``person`` on the platform."""
    exported = requests.get(f"{person.v1}/account/export", headers=person.headers, timeout=LIMIT_SECONDS).json()
    uploads: list[dict[str, Any]] = exported["uploads"]
    return uploads


def offset_of(person: Person, upload_id: str) -> int:
    """Return the number of bytes of an upload that the platform has."""
    headers = {**person.headers, tus.RESUMABLE: tus.VERSION}
    answer = requests.head(f"{person.v1}/data/uploads/{upload_id}", headers=headers, timeout=LIMIT_SECONDS)
    assert answer.status_code == 200, answer.status_code
    return int(answer.headers[tus.OFFSET])


def kept(person: Person) -> dict[str, dict[str, Any]]:
    """Return the details of all data of ``person`` by name."""
    found = requests.get(f"{person.v1}/data/list", headers=person.headers, timeout=LIMIT_SECONDS).json()["data"]
    details = (
        requests.get(f"{person.v1}/data/{each['id']}", headers=person.headers, timeout=LIMIT_SECONDS) for each in found
    )
    return {each.json()["data"]["name"]: each.json()["data"] for each in details}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cut(route: Route) -> None:
    """Abort a request like a failing network."""
    route.abort("connectionreset")
