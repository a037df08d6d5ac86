"""Documentation pages at ``/docs``: serve the site that Sphinx built, without requests to other hosts."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

PREFIX = "/docs"

_START = "index.html"
_SITE_FOLDERS = (Path(__file__).parent / "site", Path(__file__).parents[3] / "docs" / "build" / "html")
"""The site in an installed wheel, and in a clone of the repository."""

_REDIRECTS = {"": _START, "/analytics": "generated/analytics/index.html"}
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_POLICY = (
    "default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Documentation</title>
<h1>The documentation is not built</h1>
<p>Build it with <code>make docs</code> or <code>bash docs/generate_docs.bash</code> in the repository, and reload this
page. The <a href="/docs/api">API reference</a> is available without it.</p>
</html>
"""


def documentation_pages() -> list[Route]:
    """Return the routes of the site. It may be built while the platform runs; until then they say how to build it."""
    return [
        *(Route(f"{PREFIX}{path}", _redirect_to(page)) for path, page in _REDIRECTS.items()),
        Route(f"{PREFIX}/{{path:path}}", _serve),
    ]


def _redirect_to(page: str) -> Callable[[Request], Awaitable[Response]]:
    async def redirect(_request: Request) -> Response:
        return RedirectResponse(f"{PREFIX}/{page}") if _site() else _not_built()

    return redirect


async def _serve(request: Request) -> Response:
    site = _site()
    if site is None:
        return _not_built()
    # StaticFiles follows no symbolic link out of the folder, and responds 304 if the browser has the file.
    response = await StaticFiles(directory=site).get_response(request.path_params["path"], request.scope)
    scripts = ""
    if request.url.path.endswith(".html"):  # also with 304: its headers replace those in the browser's cache
        page = site / request.path_params["path"]
        scripts = _inline_scripts(page, page.stat().st_mtime_ns)
    response.headers["Content-Security-Policy"] = _POLICY.format(scripts=scripts)
    response.headers["Cache-Control"] = "no-cache"  # revalidate each time, mostly with 304
    return response


def _site() -> Path | None:
    return next((folder for folder in _SITE_FOLDERS if (folder / _START).is_file()), None)


def _not_built() -> Response:
    return HTMLResponse(
        _NOT_BUILT,
        404,
        {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cache-Control": "no-store"},
    )


@lru_cache(maxsize=1024)
def _inline_scripts(page: Path, _changed: int) -> str:
    """Return the hashes of the page's inline scripts for its content security policy, which permits no others."""
    hashes = {hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page.read_bytes())}
    return "".join(f" 'sha256-{base64.b64encode(each).decode()}'" for each in sorted(hashes))
