"""Console pages: routes for the document and for the static files of the web console."""

import gzip
import hashlib
import json
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
_MIN_GZIP_BYTES = 1024
_MEDIA_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json"}
"""Media types that must not depend on the tables of the machine, by suffix."""


def console_pages() -> Iterable[Route]:
    """Yield the routes of the console: the document at the path of every section, and the files that it loads."""
    site = _Site(files(__package__) / "site")

    async def serve_document(request: Request) -> Response:
        return _response(site.document, request, {**_HEADERS, "Cache-Control": "no-cache"})

    async def serve_asset(request: Request) -> Response:
        asset = site.assets.get(request.path_params["path"])
        if asset is None or request.path_params["version"] != site.version:
            return error_response(404, f"Not found: {request.url.path}. Reload the page.")
        return _response(asset, request, {**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"})

    yield Route("/", serve_document)
    yield Route("/console/{version}/{path:path}", serve_asset)
    for section in site.sections:
        yield Route(f"/{section}", serve_document)
        yield Route(f"/{section}/{{rest:path}}", serve_document)


@dataclass(frozen=True, slots=True)
class _Asset:
    """A file in memory.

    Attributes:
        gzipped: the content compressed by gzip; empty if that saves less than a tenth.
    """

    content: bytes
    gzipped: bytes
    media_type: str

    @classmethod
    def of(cls, name: str, content: bytes) -> "_Asset":
        suffix = name[name.rfind(".") :]
        media_type = _MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        gzipped = gzip.compress(content, mtime=0) if len(content) > _MIN_GZIP_BYTES else b""
        return cls(content, gzipped if len(gzipped) < len(content) * 0.9 else b"", media_type)


class _Site:
    """All files of the console, read once.

    Every URL contains a hash of all files, so browsers can cache the files forever and load all of them again after an
    upgrade; modules of two versions never meet.
    """

    def __init__(self, folder: Traversable) -> None:
        self._files = dict(_read(folder, ""))

    @cached_property
    def version(self) -> str:
        digest = hashlib.sha256()
        for name, content in sorted(self._files.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]

    @cached_property
    def sections(self) -> list[str]:
        """First parts of the paths of all pages in ``site/routes.json``; the home page has none."""
        paths = (page["path"] for section in json.loads(self._files["routes.json"]) for page in section["pages"])
        return sorted({path.split("/")[1] for path in paths} - {""})

    @cached_property
    def assets(self) -> Mapping[str, _Asset]:
        return {name: _Asset.of(name, content) for name, content in self._files.items() if name != "index.html"}

    @cached_property
    def document(self) -> _Asset:
        base = f"/console/{self.version}"
        styles = sorted(name for name in self._files if name.startswith("styles/"))
        # Modules that every page needs are preloaded, so that the browser need not parse one to learn of the next.
        early = sorted(name for name in self._files if name.startswith(("core/", "parts/")) and name.endswith(".js"))
        text = Template(self._files["index.html"].decode()).substitute(
            base=base,
            styles="\n".join(f'<link rel="stylesheet" href="{base}/{name}">' for name in styles),
            early="\n".join(f'<link rel="modulepreload" href="{base}/{name}">' for name in early),
            routes=self._files["routes.json"].decode().strip(),
        )
        return _Asset.of("index.html", text.encode())


def _read(folder: Traversable, prefix: str) -> Iterable[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_bytes()


def _response(asset: _Asset, request: Request, headers: Mapping[str, str]) -> Response:
    all_headers = {**headers, "Vary": "Accept-Encoding"}
    if asset.gzipped and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.gzipped, headers={**all_headers, "Content-Encoding": "gzip"}, media_type=asset.media_type)
    return Response(asset.content, headers=all_headers, media_type=asset.media_type)
