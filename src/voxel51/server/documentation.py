"""The documentation at ``/docs``: the site that Sphinx built, served without a request to any other host."""

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
_PLACES = (Path(__file__).parent / "site", Path(__file__).parents[3] / "docs" / "build" / "html")
"""In an installed wheel; in a folder with the sources."""

_SHORT_CUTS = {"": _START, "/analytics": "generated/analytics/index.html"}
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
<p>Build it by <code>make docs</code>, or <code>bash docs/generate_docs.bash</code>, where the sources are, and load
this page again. The <a href="/docs/api">API reference</a> is there without it.</p>
</html>
"""


def documentation_pages() -> list[Route]:
    """Routes of the site. It may be built while the platform runs; without one they say how to build it."""
    return [
        *(Route(f"{PREFIX}{path}", _leads_to(page)) for path, page in _SHORT_CUTS.items()),
        Route(f"{PREFIX}/{{path:path}}", _serve),
    ]


def _leads_to(page: str) -> Callable[[Request], Awaitable[Response]]:
    async def redirect(_request: Request) -> Response:
        return RedirectResponse(f"{PREFIX}/{page}") if _site() else _say_how_to_build()

    return redirect


async def _serve(request: Request) -> Response:
    site = _site()
    if site is None:
        return _say_how_to_build()
    # It follows no link out of the folder, and answers 304 to whoever has the file already.
    response = await StaticFiles(directory=site).get_response(request.path_params["path"], request.scope)
    scripts = ""
    if request.url.path.endswith(".html"):  # also with a 304, whose policy takes the place of the one that came before
        page = site / request.path_params["path"]
        scripts = _inline_scripts(page, page.stat().st_mtime_ns)
    response.headers["Content-Security-Policy"] = _POLICY.format(scripts=scripts)
    response.headers["Cache-Control"] = "no-cache"  # to be asked for again, and then mostly not sent again
    return response


def _site() -> Path | None:
    return next((place for place in _PLACES if (place / _START).is_file()), None)


def _say_how_to_build() -> Response:
    return HTMLResponse(_NOT_BUILT, 503, {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"})


@lru_cache(maxsize=1024)
def _inline_scripts(page: Path, _changed: int) -> str:
    """What a policy says of the scripts that stand in a page itself: their hashes, and that no others run."""
    hashes = {hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page.read_bytes())}
    return "".join(f" 'sha256-{base64.b64encode(each).decode()}'" for each in sorted(hashes))
