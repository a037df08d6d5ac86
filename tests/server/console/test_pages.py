"""Console pages: static files are cached by browsers, nothing else is served, and every route has its module."""

import json
import re
from pathlib import Path

import pytest
import requests

from demo.catalogue_pictures import EXAMPLES, MAX_BYTES
from demo.platform_process import PlatformProcess

ROOT = Path(__file__).resolve().parents[3]
SITE = ROOT / "src" / "voxel51" / "server" / "console" / "site"
BUNDLED_ONLY = SITE / "editor" / "code-mirror.js"
"""The module that imports packages: it is loaded from a bundle only."""
PAGES = [page for section in json.loads((SITE / "routes.json").read_text("utf-8")) for page in section["pages"]]


@pytest.mark.parametrize("path", [page["path"] for page in PAGES])
def test_server_answers_every_route_of_the_console(platform: PlatformProcess, path: str) -> None:
    page = requests.get(platform.url + re.sub(r":\w+", "anything", path))

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/nothing", "/nothing/deeper", "/console/nothing"])
def test_unknown_address_is_a_page_in_a_browser_and_an_error_for_programs(platform: PlatformProcess, path: str) -> None:
    page = requests.get(platform.url + path, headers={"Accept": "text/html,application/xhtml+xml"})
    answer = requests.get(platform.url + path)

    assert page.status_code == answer.status_code == 404
    assert 'src="/console/' in page.text
    assert "'self'" in page.headers["content-security-policy"]
    assert answer.json()["error"]["message"].startswith(f"Not found: {path}")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_route_of_the_api_is_an_error_for_browsers_too(platform: PlatformProcess, method: str) -> None:
    answer = requests.request(method, f"{platform.url}/v1/nothing", headers={"Accept": "text/html"})

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == 404


def test_every_route_has_a_module() -> None:
    modules = {page["module"] for page in PAGES}

    assert len(modules) == len(PAGES)
    for module in modules:
        text = (SITE / "pages" / module).read_text("utf-8")
        assert re.search(r"^export function page\(", text, re.MULTILINE), f"{module} has no function page"


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/anything/deeper", "/admin"])
def test_document_links_only_existing_assets(platform: PlatformProcess, path: str) -> None:
    page = requests.get(platform.url + path)

    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert [name for name in loaded if name.endswith("/main.js")]
    for address in loaded:
        asset = requests.get(platform.url + address)
        assert asset.status_code == 200, address
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page["path"])
def test_document_preloads_the_module_of_its_page(platform: PlatformProcess, page: dict[str, str]) -> None:
    text = requests.get(platform.url + re.sub(r":\w+", "anything", page["path"])).text

    preloaded = re.findall(r'<link rel="modulepreload" href="/console/\w+/([^"]+)">', text)
    assert f"pages/{page['module']}" in preloaded
    assert len(preloaded) == len(set(preloaded))


def test_document_contains_the_sections_and_the_address_of_its_files(platform: PlatformProcess) -> None:
    found = re.search(
        r'<script type="application/json" id="site">(.*?)</script>', requests.get(platform.url).text, re.S
    )

    assert found is not None
    site = json.loads(found[1])
    assert site["sections"] == json.loads((SITE / "routes.json").read_text("utf-8"))
    assert requests.get(f"{platform.url}{site['base']}/viewer/loading/label-worker.js").status_code == 200


def test_unchanged_document_is_not_sent_again(platform: PlatformProcess) -> None:
    first = requests.get(f"{platform.url}/jobs")
    etag = first.headers["etag"]

    again = requests.get(f"{platform.url}/jobs", headers={"If-None-Match": f'"other", {etag}'})
    other = requests.get(f"{platform.url}/data", headers={"If-None-Match": etag})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert other.status_code == 200, "another page has other preloads"


def test_modules_import_only_existing_modules() -> None:
    declared = json.loads((ROOT / ".ci" / "console" / "package.json").read_text("utf-8"))["dependencies"]
    for module in SITE.rglob("*.js"):
        for name in re.findall(r'(?:from|import\()\s*"([^"]+)"', module.read_text("utf-8")):
            if module == BUNDLED_ONLY and name in declared:
                continue
            assert name.startswith("."), f"{module} loads {name}"
            assert (module.parent / name).resolve().is_file(), f"{module} loads {name}"


def test_asset_is_compressed_for_clients_that_accept_gzip(platform: PlatformProcess) -> None:
    address = re.findall(r'rel="modulepreload" href="([^"]+)"', requests.get(platform.url).text)[0]
    answers = {
        accepted: requests.get(platform.url + address, headers={"Accept-Encoding": accepted})
        for accepted in ("gzip, br;q=0", "identity", "gzip;q=0, br;q=0")
    }

    codings = [answer.headers.get("content-encoding") for answer in answers.values()]
    assert codings == ["gzip", None, None]
    assert len({answer.content for answer in answers.values()}) == 1
    assert all(answer.headers["vary"] == "Accept-Encoding" for answer in answers.values())


@pytest.mark.parametrize("name", ["index.html", "../pages.py", "..%2fpages.py", "%2e%2e/pages.py", "nothing.js", ""])
def test_files_outside_of_the_site_are_not_served(platform: PlatformProcess, name: str) -> None:
    base = re.findall(r'href="(/console/\w+)/', requests.get(platform.url).text)[0]

    assert requests.get(f"{platform.url}{base}/{name}").status_code == 404
    assert requests.get(f"{platform.url}/console/0123456789abcdef/main.js").status_code == 404


def test_unknown_path_is_not_found(platform: PlatformProcess) -> None:
    assert requests.get(f"{platform.url}/nowhere").status_code == 404


def test_pictures_of_the_catalogue_are_those_that_its_cards_show() -> None:
    listed = re.search(r"const PICTURED = \[(.*)\];", (SITE / "pages/analytics/card.js").read_text("utf-8"))
    assert listed is not None
    pictures = {path.stem: path.stat().st_size for path in (SITE / "pictures").glob("*.webp")}

    assert pictures.keys() == set(json.loads(f"[{listed[1]}]")) == {each.analytic for each in EXAMPLES}
    assert max(pictures.values()) <= MAX_BYTES
