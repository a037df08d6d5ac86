"""Console pages: routes for the documents and for the static files of the web console."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from string import Template

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from voxel51.server.console.files import Asset, ConsoleFiles, console_files
from voxel51.server.http.errors import error_response
from voxel51.wire.tokens import API_VERSION

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""Load from this host only, run no inline script, and reject strings that would become markup or code."""

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_EMBED = "embed/embed.html"
_PLACEHOLDER = re.compile(r":(\w+)")

_Serve = Callable[[Request], Awaitable[Response]]


def console_pages(embed_origins: Sequence[str] = ()) -> Iterable[Route]:
    """Yield the routes of the console: a document at the path of every page, and the files that it loads.

    Pages of the ``embed_origins`` may show results of share links in a frame, and no other page of the console.
    """
    console = console_files()
    yield Route("/embed", _serve_document(_embedded_document(console), _embed_headers(embed_origins)))
    pages = [page for section in console.sections for page in section["pages"]]
    for page in pages:
        yield Route(_PLACEHOLDER.sub(r"{\1}", page["path"]), _serve_document(_document(console, page["module"])))
    not_found = _serve_document(_document(console, None))
    for name in sorted({page["path"].split("/")[1] for page in pages} - {""}):
        yield Route(f"/{name}/{{rest:path}}", not_found)
    yield Route(f"{console.base}/{{path:path}}", _serve_assets(console))
    yield Route("/console/{rest:path}", _UnknownPage(not_found, _serve_outdated))
    yield Route("/{rest:path}", _UnknownPage(not_found, _refuse))  # behind all others


class _UnknownPage:
    """Page at all other addresses, for people who typed one; programs get the answer of ``refuse``."""

    def __init__(self, serve: _Serve, refuse: _Serve) -> None:
        self._serve = serve
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        is_page = request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", "")
        if not is_page or request.url.path.startswith(f"/{API_VERSION}/"):
            response = await self._refuse(request)
        else:
            response = await self._serve(request)
            response.status_code = 404 if response.status_code == 200 else response.status_code
        await response(scope, receive, send)


def _document(console: ConsoleFiles, page: str | None) -> Asset:
    """Return the document, which preloads the modules that ``page`` needs, so that none waits for another."""
    base = console.base
    text = Template(console.template).substitute(
        base=base,
        styles="\n".join(f'<link rel="stylesheet" href="{base}/{name}">' for name in console.styles),
        preloads="\n".join(f'<link rel="modulepreload" href="{base}/{name}">' for name in console.preloads(page)),
        site=json.dumps(
            {"base": base, "isBundled": console.is_bundled, "sections": console.sections}, separators=(",", ":")
        ),
    )
    return Asset("index.html", text.encode())


def _embedded_document(console: ConsoleFiles) -> Asset:
    template = Template(console.assets[_EMBED].content.decode())
    return Asset("embed.html", template.substitute(base=console.base).encode())


def _embed_headers(origins: Sequence[str]) -> Mapping[str, str]:
    if not origins:
        return _HEADERS
    policy = _POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}")
    # Without X-Frame-Options, which cannot name origins.
    kept = {name: value for name, value in _HEADERS.items() if name != "X-Frame-Options"}
    return {**kept, "Content-Security-Policy": policy}


def _serve_document(document: Asset, of_page: Mapping[str, str] = _HEADERS) -> _Serve:
    headers = {**of_page, "Cache-Control": "no-cache", "ETag": document.etag}

    async def serve(request: Request) -> Response:
        known = request.headers.get("if-none-match", "")
        if document.etag in (tag.strip() for tag in known.split(",")):
            return Response(None, 304, {**headers, "Vary": "Accept-Encoding"})
        return _response(document, request, headers)

    return serve


def _serve_assets(console: ConsoleFiles) -> _Serve:
    headers = {**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}

    async def serve(request: Request) -> Response:
        asset = console.assets.get(request.path_params["path"])
        return await _serve_outdated(request) if asset is None else _response(asset, request, headers)

    return serve


async def _refuse(_: Request) -> Response:
    raise HTTPException(404)


async def _serve_outdated(request: Request) -> Response:
    """Refuse a file that this version does not have; a page that was loaded before an upgrade asks for such files."""
    return error_response(404, f"Not found: {request.url.path}. Reload the page.")


def _response(asset: Asset, request: Request, headers: Mapping[str, str]) -> Response:
    body, coding = asset.encoded(request.headers.get("accept-encoding", ""))
    encoding = {} if coding is None else {"Content-Encoding": coding}
    return Response(body, headers={**headers, "Vary": "Accept-Encoding", **encoding}, media_type=asset.media_type)
