"""The console's files are served from this host, kept by browsers for ever, and let nothing else run."""

import re
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from voxel51.server.console.pages import SECTIONS

SITE = Path(__file__).resolve().parents[3] / "src" / "voxel51" / "server" / "console" / "site"
_PATHS = re.compile(r'path: "/([\w-]*)[^"]*"')


def test_the_server_answers_at_every_path_of_the_console() -> None:
    """Otherwise a page would be there by a click, and not by its address."""
    named = {path for area in SITE.glob("pages/*/area.js") for path in _PATHS.findall(area.read_text(encoding="utf-8"))}

    assert named - {""} == set(SECTIONS)


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/anything/deeper", "/admin"])
def test_the_document_loads_what_is_there_and_nothing_else(platform: PlatformProcess, path: str) -> None:
    page = requests.get(platform.url + path)

    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) > 10
    for address in loaded:
        asset = requests.get(platform.url + address)
        assert asset.status_code == 200, address
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_every_module_loads_only_modules_that_are_there() -> None:
    for module in SITE.rglob("*.js"):
        for name in re.findall(r'(?:from|import\()\s*"([^"]+)"', module.read_text(encoding="utf-8")):
            assert name.startswith("."), f"{module} loads {name}"
            assert (module.parent / name).resolve().is_file(), f"{module} loads {name}"


def test_a_file_is_sent_packed_to_who_can_unpack_it(platform: PlatformProcess) -> None:
    address = re.findall(r'href="([^"]+base\.css)"', requests.get(platform.url).text)[0]
    packed = requests.get(platform.url + address, stream=True)
    plain = requests.get(platform.url + address, headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == (SITE / "styles" / "base.css").read_bytes()


@pytest.mark.parametrize("name", ["index.html", "../pages.py", "..%2fpages.py", "%2e%2e/pages.py", "nothing.js", ""])
def test_nothing_else_is_served_from_the_folder(platform: PlatformProcess, name: str) -> None:
    base = re.findall(r'href="(/console/\w+)/', requests.get(platform.url).text)[0]

    assert requests.get(f"{platform.url}{base}/{name}").status_code == 404
    assert requests.get(f"{platform.url}/console/0123456789abcdef/main.js").status_code == 404


def test_an_address_that_is_no_page_is_not_found(platform: PlatformProcess) -> None:
    assert requests.get(f"{platform.url}/nowhere").status_code == 404
