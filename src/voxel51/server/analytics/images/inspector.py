"""Container images, as ``docker save`` or OCI tools leave them: looked at while they arrive, in constant memory."""

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any

from voxel51.server.analytics.images.decompression import Decompressor, InvalidImage, compression_of
from voxel51.server.analytics.images.tar_stream import ByteStream, Parsing, TarEntry, next_entry, padded, shown_start
from voxel51.server.errors import BadRequest

_DOCKER_MANIFEST, _OCI_INDEX, _OCI_VERSION = "manifest.json", "index.json", "oci-layout"
_READ = {_DOCKER_MANIFEST, _OCI_INDEX, _OCI_VERSION}
_MOST_READ_BYTES = 1024 * 1024
_LONGEST_NAME = 1024
_TOLD_NAMES = 5
_ALWAYS_ALLOWED_BYTES = 64 * 1024 * 1024
"""A small file may expand by any ratio up to here: layers of nothing are honest."""


_EXPECTED = "expected is what 'docker save' writes (or an OCI layout), as .tar, .tar.gz, .tar.bz2 or .tar.xz"
_LONGEST_START = 6
"""So many bytes tell how a file is compressed."""


class ImageFormat(StrEnum):
    """How an image is laid out in its archive."""

    DOCKER = "docker"
    OCI = "oci"


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What an image may expand to: in bytes, relative to what came of it, and in entries of its archive."""

    expanded_bytes: int = 2**40
    ratio: int = 100
    members: int = 20_000


DEFAULT_LIMITS = ImageLimits()


class ImageInspector:
    """Follows an archive piece by piece, and tells at its end what image it holds. See `Inspector` of the routes.

    Attributes:
        format: the layout; set by `finish`.
    """

    def __init__(self, limits: ImageLimits = DEFAULT_LIMITS) -> None:
        self.format: ImageFormat | None = None
        self._limits = limits
        self._start = b""
        self._expansion: Decompressor | None = None
        self._taken_bytes = 0
        self._expanded_bytes = 0
        self._walk = _walk(limits)
        next(self._walk)

    def feed(self, chunk: bytes | bytearray) -> None:
        """Look at the next piece.

        Raises:
            BadRequest: this is no image's archive.
        """
        self._taken_bytes += len(chunk)
        with _refusing():
            self._feed(bytes(chunk))

    def finish(self) -> None:
        """Say what it was.

        Raises:
            BadRequest: it was cut short, or holds no image.
        """
        with _refusing():
            self._finish()

    def _feed(self, data: bytes) -> None:
        if self._expansion is None:
            self._start += data
            if len(self._start) < _LONGEST_START:
                return
            data = self._begin()
        if self._expansion is not None:
            self._follow(self._expansion, data)

    def _begin(self) -> bytes:
        start, self._start = self._start, b""
        self._expansion = Decompressor(compression_of(start))
        return start

    def _follow(self, expansion: Decompressor, data: bytes) -> None:
        allowed = max(_ALWAYS_ALLOWED_BYTES, self._limits.ratio * self._taken_bytes)
        for piece in expansion.feed(data):
            self._expanded_bytes += len(piece)
            if self._expanded_bytes > min(allowed, self._limits.expanded_bytes):
                raise InvalidImage(
                    f"it expands to {self._expanded_bytes} bytes and more, which no image of its size does"
                )
            if piece:
                self._walk.send(piece)

    def _finish(self) -> None:
        if not self._taken_bytes:
            raise InvalidImage("it is empty: 0 bytes came")
        if self._expansion is None:
            raise InvalidImage(f"it is no tar archive; it begins with {shown_start(self._start)}")
        self._expansion.finish()
        if not self._expanded_bytes:
            raise InvalidImage("it is no tar archive; compressed is nothing")
        try:
            self._walk.send(b"")
        except StopIteration as done:
            self.format = done.value


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except InvalidImage as error:
        raise BadRequest(f"The image cannot be used: {error}; {_EXPECTED}. Nothing was kept") from None


def _walk(limits: ImageLimits) -> Parsing[ImageFormat]:
    archive = ByteStream()
    documents: dict[str, Any] = {}
    first: list[str] = []
    for number in count(1):
        member = yield from next_entry(archive, is_first=number == 1)
        if member is None:
            break
        if number > limits.members:
            raise InvalidImage(f"its archive has more than {limits.members} entries")
        _check_name(member)
        first += [member.name] if number <= _TOLD_NAMES else []
        if member.is_file and member.name in _READ:
            documents[member.name] = yield from _read_document(archive, member)
        else:
            yield from archive.skip(padded(member.size_bytes))
    yield from archive.skip_rest()
    return _format(documents, first)


def _check_name(member: TarEntry) -> None:
    shown = ascii(member.name[:100])
    if len(member.name) > _LONGEST_NAME:
        raise InvalidImage(f"an entry's name is longer than {_LONGEST_NAME} characters: {shown}…")
    if _leads_out(member.name):
        raise InvalidImage(f"the entry {shown} leads out of the archive")
    if member.target is not None:
        folder = "" if member.is_hard_link else posixpath.dirname(member.name)
        if _leads_out(posixpath.normpath(posixpath.join(folder, member.target))):
            raise InvalidImage(f"the link {shown} leads out of the archive, to {member.target[:100]!a}")


def _leads_out(path: str) -> bool:
    return path.startswith("/") or "\\" in path or ".." in path.split("/")


def _read_document(archive: ByteStream, member: TarEntry) -> Parsing[Any]:
    if member.size_bytes > _MOST_READ_BYTES:
        raise InvalidImage(f"its {member.name} has {member.size_bytes} bytes; {_MOST_READ_BYTES} are enough for any")
    content = yield from archive.take(padded(member.size_bytes))
    try:
        return json.loads(content[: member.size_bytes])
    except (ValueError, RecursionError) as error:
        raise InvalidImage(f"its {member.name} is not valid JSON: {str(error)[:100]}") from None


def _format(documents: Mapping[str, Any], first: Sequence[str]) -> ImageFormat:
    if _DOCKER_MANIFEST in documents:
        _check_shape(_DOCKER_MANIFEST, documents, list)
        return ImageFormat.DOCKER
    if _OCI_INDEX in documents and _OCI_VERSION in documents:
        _check_shape(_OCI_INDEX, documents, dict)
        return ImageFormat.OCI
    wanted = f"neither '{_DOCKER_MANIFEST}' nor '{_OCI_INDEX}' with '{_OCI_VERSION}'"
    raise InvalidImage(f"its archive has {wanted}, but begins with {', '.join(ascii(name[:40]) for name in first)}")


def _check_shape(name: str, documents: Mapping[str, Any], shape: type) -> None:
    if not isinstance(documents[name], shape):
        raise InvalidImage(f"its {name} is a JSON {type(documents[name]).__name__}, not a {shape.__name__}")
