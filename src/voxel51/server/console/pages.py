"""The console's pages: one document, and the modules, styles and pictures that browsers run as they are."""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from voxel51.server.http.errors import error_response

SECTIONS = (
    "sign-in",
    "sign-up",
    "choose-password",
    "data",
    "analytics",
    "jobs",
    "search",
    "account",
    "admin",
    "shared",
)
"""First parts of the paths at which the console answers; `site/areas.js` says which page each is."""

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
"""Nothing comes from elsewhere, nothing that stands in a page is run, and no text ever becomes markup."""

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_SMALL_BYTES = 1024
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json"}
"""What the machine's own table may say otherwise."""


def console_pages() -> Iterable[Route]:
    """Routes of the document at every path of the console, and of what it loads."""
    site = _Site(files(__package__) / "site")

    async def serve_document(request: Request) -> Response:
        return _answer(site.document, request, {**_HEADERS, "Cache-Control": "no-cache"})

    async def serve_asset(request: Request) -> Response:
        asset = site.assets.get(request.path_params["path"])
        if asset is None or request.path_params["version"] != site.version:
            return error_response(404, f"There is nothing at {request.url.path}; load the page again")
        return _answer(asset, request, {**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})

    yield Route("/", serve_document)
    yield Route("/console/{version}/{path:path}", serve_asset)
    for section in SECTIONS:
        yield Route(f"/{section}", serve_document)
        yield Route(f"/{section}/{{rest:path}}", serve_document)


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    packed: bytes  # by gzip; empty where that gains nothing
    media_type: str

    @classmethod
    def of(cls, name: str, content: bytes) -> "_Asset":
        suffix = name[name.rfind(".") :]
        media_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        packed = gzip.compress(content, mtime=0) if len(content) > _SMALL_BYTES else b""
        return cls(content, packed if len(packed) < len(content) * 0.9 else b"", media_type)


class _Site:
    """All files of the console, read once. Their addresses hold a hash of them all, so they can be kept for ever."""

    def __init__(self, folder: Traversable) -> None:
        self._files = dict(_read(folder, ""))

    @cached_property
    def version(self) -> str:
        digest = hashlib.sha256()
        for name, content in sorted(self._files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]

    @cached_property
    def assets(self) -> Mapping[str, _Asset]:
        return {name: _Asset.of(name, content) for name, content in self._files.items() if name != "index.html"}

    @cached_property
    def document(self) -> _Asset:
        base = f"/console/{self.version}"
        styles = sorted(name for name in self._files if name.startswith("styles/"))
        early = sorted(name for name in self._files if name.startswith(("core/", "parts/")) and name.endswith(".js"))
        text = Template(self._files["index.html"].decode()).substitute(
            base=base,
            styles="\n".join(f'<link rel="stylesheet" href="{base}/{name}">' for name in styles),
            early="\n".join(f'<link rel="modulepreload" href="{base}/{name}">' for name in early),
        )
        return _Asset.of("index.html", text.encode())


def _read(folder: Traversable, prefix: str) -> Iterable[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_bytes()


def _answer(asset: _Asset, request: Request, headers: Mapping[str, str]) -> Response:
    own = {**headers, "Vary": "Accept-Encoding"}
    if asset.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, headers={**own, "Content-Encoding": "gzip"}, media_type=asset.media_type)
    return Response(asset.content, headers=own, media_type=asset.media_type)
