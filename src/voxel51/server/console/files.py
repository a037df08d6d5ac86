"""Console files: the bundle in ``bundle/`` if it was made from the present sources, else the sources in ``site/``.

The bundle (`.ci/console`) has the same entries at the same paths, joined, minified and compressed; pictures and
templates are in the sources only. Its ``manifest.json`` names the hash of the sources that it was made from. So a
change of a source takes effect at once, also in a clone with an older bundle, and nothing else needs to know which of
the two is served; only the code editor does, whose packages are in the bundle alone. A wheel with a bundle has no
other sources than ``BESIDE_BUNDLE`` (`.ci/wheel_contents.py`).
"""

import gzip
import hashlib
import json
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

ENTRY = "main.js"
"""Module that the document starts."""

_SERVED_AS_THEY_ARE = ("embed/", "pictures/", "templates/")
"""Folders of the sources that are not part of the bundle."""

BESIDE_BUNDLE = ("index.html", "routes.json", *_SERVED_AS_THEY_ARE)
"""Sources that are needed beside a bundle. A wheel with a bundle has no others."""

_BYTECODE = "__pycache__"
"""Folder that Python writes beside the templates when it compiles them, as pip does when it installs a wheel."""

_MIN_GZIP_BYTES = 1024
_BROTLI_SUFFIX = ".br"
"""Suffix of the files in the bundle that are other files there, compressed by Brotli."""

_MEDIA_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".webp": "image/webp"}
"""Media types that must not depend on the tables of the machine, by suffix."""


class Asset:
    """A file in memory, with its compressed forms: Brotli's if one was given, and gzip's, made when it is asked for."""

    def __init__(self, name: str, content: bytes, brotli: bytes = b"") -> None:
        suffix = name[name.rfind(".") :]
        self.media_type = _MEDIA_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.content = content
        self._brotli = brotli

    @cached_property
    def etag(self) -> str:
        """Weak entity tag: the same for all codings."""
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:16]}"'

    def encoded(self, accepted: str) -> tuple[bytes, str | None]:
        """Return the content in the best coding of an ``Accept-Encoding`` header, and the name of that coding."""
        given = [part.replace(" ", "").partition(";") for part in accepted.lower().split(",")]
        codings = {coding for coding, _, quality in given if quality not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}}
        if "br" in codings and self._brotli:
            return self._brotli, "br"
        if "gzip" in codings and self._gzipped:
            return self._gzipped, "gzip"
        return self.content, None

    @cached_property
    def _gzipped(self) -> bytes:
        """Return the content compressed by gzip; empty if that saves less than a tenth."""
        compressed = gzip.compress(self.content, mtime=0) if len(self.content) > _MIN_GZIP_BYTES else b""
        return compressed if len(compressed) < len(self.content) * 0.9 else b""


@dataclass(frozen=True)
class ConsoleFiles:
    """All files of the console, read once.

    Attributes:
        template: the document, with placeholders.
        sections: the sections with their pages, as in ``site/routes.json``.
        assets: the other files by path.
        styles: paths of the style sheets in their order.
        imports: by the path of a module, modules that are loaded with it and therefore worth preloading.
        is_bundled: whether they are a bundle, which contains third-party packages; the sources do not.
    """

    template: str
    sections: Sequence[Mapping[str, Any]]  # the content of routes.json
    assets: Mapping[str, Asset]
    styles: Sequence[str]
    imports: Mapping[str, Sequence[str]]
    is_bundled: bool

    @cached_property
    def base(self) -> str:
        """Path below which the assets are served.

        It contains a hash of all of them, so browsers can cache them forever and load all of them again after an
        upgrade; modules of two versions never meet.
        """
        digest = digest_of({name: asset.content for name, asset in self.assets.items()})
        return f"/console/{digest[:16]}"

    def preloads(self, page: str | None) -> list[str]:
        """Return the paths of the modules that the document loads at once to show a page, ``page`` being its module."""
        start = [ENTRY] if page is None else [ENTRY, f"pages/{page}"]
        imported = [name for module in start for name in self.imports.get(module, ())]
        return list(dict.fromkeys([*imported, *start[1:]]))


def console_files() -> ConsoleFiles:
    """Return the files that are to be served."""
    sources, bundle = console_sources(), _read(files(__package__) / "bundle")
    manifest = json.loads(bundle.pop("manifest.json", b"{}"))
    template, sections = sources["index.html"].decode(), json.loads(sources["routes.json"])
    if _is_current(manifest, sources):
        unchanged = {name: content for name, content in sources.items() if name.startswith(_SERVED_AS_THEY_ARE)}
        assets = _assets({**bundle, **unchanged})
        return ConsoleFiles(template, sections, assets, manifest["styles"], manifest["imports"], is_bundled=True)
    assets = _assets({name: content for name, content in sources.items() if name != "index.html"})
    styles = sorted(name for name in assets if name.startswith("styles/"))
    # Modules that every page needs, so that the browser need not parse one to learn of the next.
    early = sorted(name for name in assets if name.startswith(("core/", "parts/")))
    return ConsoleFiles(template, sections, assets, styles, {ENTRY: early}, is_bundled=False)


def is_bundle_current() -> bool:
    """Return whether there is a bundle of the present sources."""
    manifest = files(__package__) / "bundle" / "manifest.json"
    return manifest.is_file() and _is_current(json.loads(manifest.read_bytes()), console_sources())


def console_sources() -> dict[str, bytes]:
    """Return the sources of the console by path."""
    return _read(files(__package__) / "site")


def digest_of(content: Mapping[str, bytes]) -> str:
    """Return a hash of files by path."""
    digest = hashlib.sha256()
    for name, text in sorted(content.items()):
        digest.update(f"{name}\0{len(text)}\0".encode() + text)
    return digest.hexdigest()


def _is_current(manifest: Mapping[str, Any], sources: Mapping[str, bytes]) -> bool:
    return ENTRY not in sources or manifest.get("sources") == digest_of(sources)


def _assets(content: Mapping[str, bytes]) -> dict[str, Asset]:
    return {
        name: Asset(name, file, content.get(name + _BROTLI_SUFFIX, b""))
        for name, file in content.items()
        if not name.endswith(_BROTLI_SUFFIX)
    }


def _read(folder: Traversable) -> dict[str, bytes]:
    """Return all files below ``folder`` by path; none if it does not exist."""
    return dict(_walk(folder, "")) if folder.is_dir() else {}


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.name == _BYTECODE:
            continue
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_bytes()
