"""Image manifests: check that an archive has every file that the manifest of its image names.

An archive without one of its layers would otherwise fail when it is run, long after the upload. Files
arrive in any order, so the names of all files, and what small JSON files refer to, are remembered until the end.
"""

import json
import posixpath
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

from voxel51.server.analytics.images.decompression import InvalidImage
from voxel51.wire.documents import JsonObject

_MAX_REFERENCES = 100_000
"""Number of references that are remembered, of all JSON files together."""

_MAX_DEPTH = 8
"""Nesting of indexes in an OCI layout; usual are one or two."""

BLOBS = "blobs/"
"""Folder of an OCI layout in which every file is named by the hash of its content."""


class ArchivedFiles:
    """Names of the files and links of an archive, each as a short hash, and references between blobs."""

    def __init__(self) -> None:
        self._names: set[bytes] = set()
        self._targets: dict[bytes, str] = {}
        self._references: dict[bytes, tuple[list[str], list[str]]] = {}
        self._count = 0

    def add(self, name: str, target: str | None = None) -> None:
        """Add a file, or a link to ``target`` (a path in the archive)."""
        self._names.add(_hashed(name))
        if target is not None:
            self._targets[_hashed(name)] = target

    def add_blob(self, name: str, content: bytes) -> None:
        """Remember what a blob refers to, if it is an image manifest or an index.

        Raises:
            InvalidImage: there are more references than any image has.
        """
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            return
        if isinstance(document, dict):
            files = [*_digests([document.get("config")]), *_digests(document.get("layers"))]
            if isinstance(document.get("layers"), list) or isinstance(document.get("manifests"), list):
                self._references[_hashed(name)] = (files, [*_digests(document.get("manifests"))])
                self._count += len(files) + len(self._references[_hashed(name)][1])
        if self._count > _MAX_REFERENCES:
            raise InvalidImage(f"its manifests name more than {_MAX_REFERENCES} files")

    def has(self, name: str) -> bool:
        """Return whether the file exists, following a link once, as layers that are stored once are linked."""
        key = _hashed(name)
        return key in self._names and (key not in self._targets or _hashed(self._targets[key]) in self._names)

    def check_docker(self, manifest: Sequence[Any]) -> None:
        """Raise unless every image of a Docker ``manifest`` has its configuration and layers.

        Raises:
            InvalidImage: the manifest has no image or is malformed, or a file is missing.
        """
        if not manifest:
            raise InvalidImage("its manifest.json names no image")
        for image in manifest:
            layers = image.get("Layers") if isinstance(image, dict) else None
            if not isinstance(layers, list):
                raise InvalidImage("its manifest.json has an image without a list of layers")
            for name in (image.get("Config"), *layers):
                if not isinstance(name, str) or not self.has(name):
                    raise _missing(f"{name!a:.200}")

    def check_oci(self, index: JsonObject) -> None:
        """Raise unless an OCI ``index`` leads to an image manifest whose configuration and layers all exist.

        One is enough: an index lists the images of several platforms, of which archives often have only one.

        Raises:
            InvalidImage: the index names no image, or each lacks a file.
        """
        missing: list[str] = []
        for name in self._manifests(list(_digests(index.get("manifests"))), 0):
            files = self._references.get(_hashed(name), ([], []))[0] if self.has(name) else []
            lacking = [file for file in files if not self.has(file)] if files else [name]
            if not lacking:
                return
            missing = [*lacking, *missing] if self.has(name) else [*missing, *lacking]
        if not missing:
            raise InvalidImage("its index.json names no image")
        raise _missing(f"{missing[0]!a:.200}")

    def _manifests(self, names: list[str], depth: int) -> Iterator[str]:
        for name in names:
            nested = self._references.get(_hashed(name), ([], []))[1]
            if nested and depth < _MAX_DEPTH:
                yield from self._manifests(nested, depth + 1)
            else:
                yield name


def _digests(descriptors: object) -> Iterator[str]:
    """Yield the path of each blob that a list of descriptors names."""
    for each in descriptors if isinstance(descriptors, list) else []:
        digest = each.get("digest") if isinstance(each, dict) else None
        if isinstance(digest, str):
            yield BLOBS + digest.replace(":", "/", 1)


def _hashed(name: str) -> bytes:
    return blake2b(posixpath.normpath(name).encode("utf-8", "replace"), digest_size=16).digest()


def _missing(name: str) -> InvalidImage:
    return InvalidImage(f"its manifest names the file {name}, which the archive does not have")
