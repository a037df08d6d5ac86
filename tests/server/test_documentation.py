"""The documentation at /docs: which files are served, and which are not."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from voxel51.server import documentation
from voxel51.server.http.application import build_application
from voxel51.server.http.endpoint import Dependencies

SECRET = "not for readers"
SCRIPT = "document.title = 'x'"
PAGE = f'<!doctype html><title>Page</title><script>{SCRIPT}</script><script src="a.js"></script>'
HASH = "sha256-mmhVSKBJ6xXBfMjZf5Xb9hgbmvnACikXD1UfhbYox3M="


async def _say_nothing() -> Any:
    await asyncio.Event().wait()


class Answer:
    """A response of the application."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")


def ask(path: str, method: str = "GET", **headers: str) -> Answer:
    """Return the response of an application that serves only the documentation."""
    application = build_application([], Dependencies.__new__(Dependencies), documentation.documentation_pages())
    answer = Answer()
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "server": ("127.0.0.1", 5151), "scheme": "http", "http_version": "1.1",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
    }  # fmt: skip

    asyncio.run(application(scope, _say_nothing, answer.send))
    return answer


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small site, beside a file that must not be served."""
    folder = tmp_path / "html"
    (folder / "generated" / "analytics").mkdir(parents=True)
    for name in ("index.html", "generated/analytics/index.html"):
        (folder / name).write_text(PAGE, encoding="utf-8")
    (folder / "a.js").write_text("1", encoding="utf-8")
    (tmp_path / "secret.html").write_text(SECRET, encoding="utf-8")
    monkeypatch.setattr(documentation, "_SITE_FOLDERS", (tmp_path / "nothing", folder))
    return folder


@pytest.mark.parametrize(
    ("path", "page"),
    [("/docs", "index.html"), ("/docs/", "index.html"), ("/docs/analytics", "generated/analytics/index.html")],
)
def test_short_paths_redirect_to_pages(site: Path, path: str, page: str) -> None:
    answer = ask(path)

    assert (answer.status, answer.headers["location"]) == (307, f"/docs/{page}")
    assert ask(answer.headers["location"]).body == (site / page).read_bytes()


@pytest.mark.usefixtures("site")
def test_page_may_run_only_its_own_scripts() -> None:
    policy = ask("/docs/index.html").headers["content-security-policy"]

    assert f"script-src 'self' '{HASH}';" in policy
    assert "default-src 'self';" in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]
    assert HASH not in ask("/docs/a.js").headers["content-security-policy"]


def test_rebuilt_page_may_run_its_new_scripts(site: Path) -> None:
    before = ask("/docs/index.html").headers["content-security-policy"]
    page = site / "index.html"
    page.write_text(PAGE.replace(SCRIPT, "other()"), encoding="utf-8")
    os.utime(page, (1, 1))

    after = ask("/docs/index.html").headers["content-security-policy"]

    assert HASH in before
    assert HASH not in after


@pytest.mark.usefixtures("site")
def test_cached_page_is_not_sent_again() -> None:
    first = ask("/docs/index.html")

    again = ask("/docs/index.html", if_none_match=first.headers["etag"])

    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-cache"
    assert (again.status, again.body) == (304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert ask("/docs/index.html", if_none_match='"other"').status == 200


@pytest.mark.usefixtures("site")
def test_head_has_no_body() -> None:
    answer = ask("/docs/index.html", "HEAD")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == str(len(PAGE))


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "path",
    [
        "/docs/nothing.html",
        "/docs/generated",
        "/docs/../secret.html",
        "/docs/generated/../../secret.html",
        "/docs/..\\secret.html",
        "/docs/%2e%2e/secret.html",
        "/docs//etc/passwd",
        "/docs/index.html\x00.png",
        "/docs/" + "a" * 5000,
    ],
)
def test_files_outside_the_site_are_not_found(path: str) -> None:
    answer = ask(path)

    assert answer.status == 404
    assert SECRET.encode() not in answer.body


def test_symbolic_links_out_of_site_are_not_followed(site: Path) -> None:
    (site / "link.html").symlink_to(site.parent / "secret.html")
    (site / "out").symlink_to(site.parent)

    assert [ask(f"/docs/{path}").status for path in ("link.html", "out/secret.html")] == [404, 404]


@pytest.mark.usefixtures("site")
def test_other_methods_are_rejected() -> None:
    assert ask("/docs/index.html", "POST").status == 405


@pytest.mark.parametrize("path", ["/docs", "/docs/index.html", "/docs/analytics"])
def test_missing_site_says_how_to_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(documentation, "_SITE_FOLDERS", (tmp_path / "nothing",))

    answer = ask(path)

    assert (answer.status, answer.headers["cache-control"]) == (404, "no-store")
    assert b"make docs" in answer.body
    assert b'href="/docs/api"' in answer.body


def test_site_may_be_built_while_running(site: Path) -> None:
    (site / "index.html").rename(site / "later.html")
    before = ask("/docs").status
    (site / "later.html").rename(site / "index.html")

    assert (before, ask("/docs").status) == (404, 307)
