"""The console of an installed wheel: bundled, small, and the same as the plain modules that it is made from."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Request, expect

from demo.platform_process import PlatformProcess
from demo.unpacked_wheel import ROOT, path_with, unpacked_wheel
from support.browsers import PASSWORD, Person, Visit, visiting
from support.finished_jobs import api_of, finished_job
from support.platforms import NUMBERS, new_platform, running
from support.video_samples import numbered_video

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MAX_REQUESTS = 16
MAX_BYTES = 45_000
HOME = "Hello"
CONSOLE = Path("voxel51", "server", "console")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of a wheel with the bundle of the present sources, with the bytecode that pip adds."""
    subprocess.run([sys.executable, ROOT / ".ci" / "console"], check=True)
    installed = unpacked_wheel(tmp_path_factory.mktemp("wheel"))
    subprocess.run([sys.executable, "-m", "compileall", "-q", installed / CONSOLE], check=True)
    return installed


@pytest.fixture(scope="module", params=["bundled", "plain"])
def form(request: pytest.FixtureRequest) -> str:
    """The form of the console that is served: as built, or as in a clone without a bundle."""
    return str(request.param)


only_plain = pytest.mark.parametrize("form", ["plain"], indirect=True)


@pytest.fixture(scope="module")
def installed_platform(wheel: Path, form: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """A platform that runs from the wheel."""
    folder = tmp_path_factory.mktemp(form)
    shutil.copytree(wheel, folder / "installed")
    if form == "plain":
        shutil.rmtree(folder / "installed" / CONSOLE / "bundle")
        shutil.copytree(ROOT / "src" / CONSOLE / "site", folder / "installed" / CONSOLE / "site", dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("PYTHONPATH", path_with(folder / "installed"))
        platform = new_platform(folder / "data", environment={"VOXEL51_SERVER_SIGN_UP": "open"})
    with running(platform):
        yield platform


@pytest.fixture(scope="module")
def ada(installed_platform: PlatformProcess) -> Person:
    return Person.sign_up(installed_platform, "ada")


@pytest.fixture
def ada_visit(browser: Browser, installed_platform: PlatformProcess, ada: Person) -> Iterator[Visit]:
    """A visit of the operator, signed in."""
    with visiting(browser, installed_platform, ada) as visit:
        yield visit


def test_sign_in_page_needs_few_requests_and_bytes(
    browser: Browser, installed_platform: PlatformProcess, ada: Person, form: str
) -> None:
    with visiting(browser, installed_platform, None) as visit:
        finished: list[Request] = []
        visit.page.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108  (not built-in)
        page = visit.open("/sign-in")
        page.wait_for_load_state("networkidle")
        sizes = [request.sizes() for request in finished]
        total = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)

        page.get_by_label("User name").fill(ada.name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name=f"{HOME}, {ada.name}")).to_be_visible()

    is_small = len(sizes) <= MAX_REQUESTS and total <= MAX_BYTES
    assert is_small == (form == "bundled"), f"{len(sizes)} requests, {total} bytes"


def test_files_come_compressed_by_brotli(installed_platform: PlatformProcess, form: str) -> None:
    page = requests.get(f"{installed_platform.url}/sign-in")
    addresses = [part.partition('"')[0] for part in page.text.split('rel="modulepreload" href="')[1:]]
    largest = max(
        (requests.get(installed_platform.url + each, headers={"Accept-Encoding": "br, gzip"}) for each in addresses),
        key=lambda answer: len(answer.content),
    )

    assert largest.headers["content-encoding"] == ("br" if form == "bundled" else "gzip")
    assert largest.headers["cache-control"] == "public, max-age=31536000, immutable"


# The other tests of the console use the bundle, whose content the last test compares with that of the wheel.
@only_plain
def test_job_is_shown_with_its_video_and_labels(ada_visit: Visit, ada: Person, tmp_path: Path) -> None:
    with api_of(ada, tmp_path) as api:
        data_id = api.upload_data(numbered_video(tmp_path / "numbers.mp4"))["id"]
        job_id = finished_job(api, NUMBERS, data_id)

    page = ada_visit.open(f"/jobs/{job_id}")

    page.locator('.screen[data-frame="1"]').wait_for()
    expect(page.get_by_label("Frame number")).to_have_attribute("max", "30")


@only_plain
def test_every_page_loads_its_module(ada_visit: Visit) -> None:
    page = ada_visit.open("/")
    sections: list[dict[str, Any]] = page.evaluate('JSON.parse(document.getElementById("site").textContent).sections')
    paths = [each["path"] for section in sections for each in section["pages"] if ":" not in each["path"]]

    for path in paths:
        ada_visit.open(path)
        expect(page.get_by_role("heading", name="Page failed to load")).to_be_hidden()


def test_bundle_is_reproducible(wheel: Path) -> None:
    bundle = ROOT / "src" / "voxel51" / "server" / "console" / "bundle"
    subprocess.run([sys.executable, ROOT / ".ci" / "console"], check=True)

    assert _content(bundle) == _content(wheel / "voxel51" / "server" / "console" / "bundle")


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
