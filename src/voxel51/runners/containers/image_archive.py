"""Image archives: fetch one by its link, and pass it on to the engine uncompressed and under a name of ours.

The archive says under which names the engine files the image. An uploaded one could take a name that the operator uses
for another image, or a name of another upload, so all names are replaced.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, BinaryIO
from urllib.request import urlopen

from voxel51.runners.programs import StoredFile

PIECE_BYTES = 1 << 20
FETCH_SECONDS = 60.0
_DOCUMENT_BYTES = 1 << 20
_MANIFEST, _INDEX, _OLD_NAMES = "manifest.json", "index.json", "repositories"
_NAME_ANNOTATIONS = ("org.opencontainers.image.ref.name", "io.containerd.image.name")


class InvalidArchive(Exception):
    """Archive that is not the image that was uploaded, or no image: the text says why."""


class FetchStopped(OSError):
    """The image is not wanted any more."""


class _HashedStream(io.RawIOBase):
    """Stream of the file at a link, which hashes what is read and ends when ``is_wanted`` says no."""

    def __init__(self, source: BinaryIO, is_wanted: Callable[[], bool]) -> None:
        self._source = source
        self._is_wanted = is_wanted
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._is_wanted():
            raise FetchStopped("the attempt was stopped")
        piece = self._source.read(len(buffer))
        self._hash.update(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def check(self, sha256: str) -> None:
        """Read the rest, and raise `InvalidArchive` unless the content has this hash."""
        while self.read(PIECE_BYTES):
            pass
        if self._hash.hexdigest() != sha256:
            raise InvalidArchive("the stored image has changed since it was uploaded")


def pieces_of(
    image: StoredFile, name: str, most_bytes: int, is_wanted: Callable[[], bool] = lambda: True
) -> Iterator[bytes]:
    """Yield the archive uncompressed, with ``name`` as the only name of its image.

    Raises:
        OSError: the link does not answer, or ``is_wanted`` has returned False.
        InvalidArchive: the content is not an image, has another hash, or has more than ``most_bytes`` uncompressed.
    """
    with closing(urlopen(image.url, timeout=FETCH_SECONDS)) as answer:  # noqa: S310  (the platform's own link)
        stream = _HashedStream(answer, is_wanted)
        size_bytes = 0
        try:
            for piece in _renamed(stream, name):
                size_bytes += len(piece)
                if size_bytes > most_bytes:
                    raise InvalidArchive(
                        f"the image has more than {most_bytes} bytes uncompressed, which is the limit of all images "
                        "(container_images_bytes)"
                    )
                yield piece
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise InvalidArchive(f"the archive of the image cannot be read: {error}") from None
        stream.check(image.sha256)


def _renamed(stream: io.RawIOBase, name: str) -> Iterator[bytes]:
    with tarfile.open(fileobj=stream, mode="r|*", bufsize=PIECE_BYTES) as archive:
        for entry in archive:
            if entry.name.removeprefix("./") == _OLD_NAMES:
                continue
            content = archive.extractfile(entry) if entry.isreg() else None
            if content is not None and entry.name.removeprefix("./") in {_MANIFEST, _INDEX}:
                document = _with_name(entry.name, content.read(_DOCUMENT_BYTES), name)
                entry.size = len(document)
                content = io.BytesIO(document)
            entry.pax_headers = {}
            yield entry.tobuf(tarfile.GNU_FORMAT)
            while content is not None and (piece := content.read(PIECE_BYTES)):
                yield piece
            yield bytes(-entry.size % tarfile.BLOCKSIZE if content is not None else 0)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _with_name(file: str, content: bytes, name: str) -> bytes:
    document = json.loads(content)
    if file.endswith(_MANIFEST):
        if len(document) != 1:
            raise InvalidArchive(f"the archive has {len(document)} images; one is expected")
        document[0]["RepoTags"] = [name]
    else:
        for number, each in enumerate(document.get("manifests", [])):
            kept = {key: text for key, text in each.get("annotations", {}).items() if key not in _NAME_ANNOTATIONS}
            each["annotations"] = kept | ({} if number else dict.fromkeys(_NAME_ANNOTATIONS, name))
    return json.dumps(document).encode()
