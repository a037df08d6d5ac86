"""Image inspector: check a container image (Docker or OCI archive) while it is uploaded, in constant memory."""

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import count

from voxel51.server.analytics.images.decompression import Decompressor, InvalidImage, compression_of
from voxel51.server.analytics.images.manifests import BLOBS, ArchivedFiles
from voxel51.server.analytics.images.tar_stream import ByteStream, Parsing, TarEntry, next_entry, padded, shown_start
from voxel51.server.errors import BadRequest
from voxel51.server.storage.partial import Chunk
from voxel51.wire.documents import JsonObject

_DOCKER_MANIFEST, _OCI_INDEX, _OCI_VERSION = "manifest.json", "index.json", "oci-layout"
_DOCUMENTS = {_DOCKER_MANIFEST, _OCI_INDEX, _OCI_VERSION}
_MAX_DOCUMENT_BYTES = 1024 * 1024
_MAX_NAME_LENGTH = 1024
_SHOWN_NAMES = 5
_RATIO_FREE_BYTES = 64 * 1024 * 1024
"""Size up to which the ratio is not checked: an image of empty layers may be small and expand by a large ratio."""

_EXPECTED = "expected is the output of 'docker save' (or an OCI layout), as .tar, .tar.gz, .tar.bz2 or .tar.xz"
_START_BYTES = 6
"""Number of bytes that are needed to recognize the compression of a file."""


class ImageFormat(StrEnum):
    """Layout of an image in its archive."""

    DOCKER = "docker"
    OCI = "oci"


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Limits of an image, against decompression bombs.

    Attributes:
        expanded_bytes: decompressed size.
        ratio: decompressed size relative to the uploaded size.
        members: number of entries of the archive.
    """

    expanded_bytes: int = 2**40
    ratio: int = 100
    members: int = 20_000


DEFAULT_LIMITS = ImageLimits()


class ImageInspector:
    """Inspector that is fed an archive piece by piece, and knows at the end which layout the image has.

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
        next(self._walk)  # run it to the point where it needs the first bytes

    def feed(self, chunk: Chunk) -> None:
        """Inspect the next piece.

        Raises:
            BadRequest: the file is not an archive of an image.
        """
        self._taken_bytes += len(chunk)
        with _as_bad_request():
            self._feed(bytes(chunk))

    def finish(self) -> None:
        """Inspect the end, and set `format`.

        Raises:
            BadRequest: the file is truncated, or does not contain an image.
        """
        with _as_bad_request():
            self._finish()

    def _feed(self, data: bytes) -> None:
        if self._expansion is None:
            self._start += data
            if len(self._start) < _START_BYTES:
                return
            data = self._begin()
        if self._expansion is not None:
            self._follow(self._expansion, data)

    def _begin(self) -> bytes:
        start, self._start = self._start, b""
        self._expansion = Decompressor(compression_of(start))
        return start

    def _follow(self, expansion: Decompressor, data: bytes) -> None:
        allowed = max(_RATIO_FREE_BYTES, self._limits.ratio * self._taken_bytes)
        for piece in expansion.feed(data):
            self._expanded_bytes += len(piece)
            if self._expanded_bytes > min(allowed, self._limits.expanded_bytes):
                raise InvalidImage(
                    f"it expands to {self._expanded_bytes} bytes or more, which is too much for its size"
                )
            if piece:
                self._walk.send(piece)

    def _finish(self) -> None:
        if not self._taken_bytes:
            raise InvalidImage("it is empty: 0 bytes were uploaded")
        if self._expansion is None:
            raise InvalidImage(f"it is not a tar archive: it begins with {shown_start(self._start)}")
        self._expansion.finish()
        if not self._expanded_bytes:
            raise InvalidImage("it is not a tar archive: the compressed content is empty")
        try:
            self._walk.send(b"")
        except StopIteration as done:
            self.format = done.value


@contextmanager
def _as_bad_request() -> Iterator[None]:
    try:
        yield
    except InvalidImage as error:
        raise BadRequest(f"The image cannot be used: {error}; {_EXPECTED}. The upload was discarded") from None


def _walk(limits: ImageLimits) -> Parsing[ImageFormat]:
    archive = ByteStream()
    documents: JsonObject = {}
    files = ArchivedFiles()
    first: list[str] = []
    for number in count(1):
        member = yield from next_entry(archive, is_first=number == 1)
        if member is None:
            break
        if number > limits.members:
            raise InvalidImage(f"its archive has more than {limits.members} entries")
        files.add(member.name, _check_name(member))
        first += [member.name] if number <= _SHOWN_NAMES else []
        if member.is_file and member.name in _DOCUMENTS:
            documents[member.name] = yield from _read_document(archive, member)
        elif member.is_file and member.name.startswith(BLOBS) and member.size_bytes <= _MAX_DOCUMENT_BYTES:
            content = yield from archive.take(padded(member.size_bytes))
            files.add_blob(member.name, content[: member.size_bytes])
        else:
            yield from archive.skip(padded(member.size_bytes))
    yield from archive.skip_rest()
    layout = _format(documents, first)
    if layout is ImageFormat.DOCKER:
        files.check_docker(documents[_DOCKER_MANIFEST])
    else:
        files.check_oci(documents[_OCI_INDEX])
    return layout


def _check_name(member: TarEntry) -> str | None:
    """Return the path of a link's target in the archive; None for other entries."""
    shown = ascii(member.name[:100])
    if len(member.name) > _MAX_NAME_LENGTH:
        raise InvalidImage(f"an entry's name is longer than {_MAX_NAME_LENGTH} characters: {shown}…")
    if _escapes(member.name):
        raise InvalidImage(f"the entry {shown} leads outside the archive")
    if member.target is None:
        return None
    folder = "" if member.is_hard_link else posixpath.dirname(member.name)
    target = posixpath.normpath(posixpath.join(folder, member.target))
    if _escapes(target):
        raise InvalidImage(f"the link {shown} leads outside the archive, to {member.target[:100]!a}")
    return target


def _escapes(path: str) -> bool:
    """Return whether a path may lead outside the archive."""
    return path.startswith("/") or "\\" in path or ".." in path.split("/")


def _read_document(archive: ByteStream, member: TarEntry) -> Parsing[object]:
    if member.size_bytes > _MAX_DOCUMENT_BYTES:
        raise InvalidImage(f"its {member.name} has {member.size_bytes} bytes; {_MAX_DOCUMENT_BYTES} is the limit")
    content = yield from archive.take(padded(member.size_bytes))
    try:
        return json.loads(content[: member.size_bytes])
    except (ValueError, RecursionError) as error:
        raise InvalidImage(f"its {member.name} is not valid JSON: {str(error)[:100]}") from None


def _format(documents: JsonObject, first: Sequence[str]) -> ImageFormat:
    if _DOCKER_MANIFEST in documents:
        _check_shape(_DOCKER_MANIFEST, documents, list)
        return ImageFormat.DOCKER
    if _OCI_INDEX in documents and _OCI_VERSION in documents:
        _check_shape(_OCI_INDEX, documents, dict)
        return ImageFormat.OCI
    wanted = f"neither '{_DOCKER_MANIFEST}' nor '{_OCI_INDEX}' with '{_OCI_VERSION}'"
    raise InvalidImage(f"its archive has {wanted}, but begins with {', '.join(ascii(name[:40]) for name in first)}")


def _check_shape(name: str, documents: Mapping[str, object], shape: type) -> None:
    if not isinstance(documents[name], shape):
        raise InvalidImage(f"its {name} is a JSON {type(documents[name]).__name__}, not a {shape.__name__}")
