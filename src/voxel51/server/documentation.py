"""The documentation at ``/docs``: the site that Sphinx built, served without a request to any other host."""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from voxel51.server.http.errors import error_response

PREFIX = "/docs"

_PLACES = (Path(__file__).parent / "site", Path(__file__).parents[3] / "docs" / "build" / "html")
"""In an installed wheel; in a folder with the sources."""

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Documentation</title>
<h1>The documentation is not built</h1>
<p>Build it by <code>make docs</code>, or <code>bash docs/generate_docs.bash</code>, where the sources are, and load this
page again. The <a href="/docs/api">API reference</a> is there without it.</p>
</html>
"""


def documentation_pages() -> list[Route]:
    """Routes of the site. Without a built one they say how to build it."""
    return [
        Route(PREFIX, _to("index.html")),
        Route(f"{PREFIX}/analytics", _to("generated/analytics/index.html")),
        Route(f"{PREFIX}/{{path:path}}", _serve),
    ]


def _to(page: str) -> type[RedirectResponse] | object:
    async def redirect(_request: Request) -> Response:
        return RedirectResponse(f"{PREFIX}/{page}")

    return redirect


async def _serve(request: Request) -> Response:
    site = next((place for place in _PLACES if (place / "index.html").is_file()), None)
    if site is None:
        return HTMLResponse(_NOT_BUILT, 503, {"Content-Security-Policy": "default-src 'none'"})
    path = (site / request.path_params["path"]).resolve()
    if not path.is_relative_to(site.resolve()) or not path.is_file():
        return error_response(404, f"There is nothing at {request.url.path}")
    scripts = _inline_scripts(path, path.stat().st_mtime_ns) if path.suffix == ".html" else ""
    policy = f"default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    return FileResponse(path, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"})


@lru_cache(maxsize=1024)
def _inline_scripts(page: Path, _changed: int) -> str:
    """What a policy says of the scripts that stand in a page itself: their hashes, and that no others run."""
    hashes = {hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page.read_bytes())}
    return "".join(f" 'sha256-{base64.b64encode(each).decode()}'" for each in sorted(hashes))
