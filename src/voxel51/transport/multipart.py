"""Multipart forms: a file, streamed, and options after it, in the order that every client of the platform uses."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from voxel51.transport.messages import CHUNK_BYTES, ChunkSource, StreamedBody

UploadProgress = Callable[[int, int], None]
"""Called with the bytes of the file that were sent so far, and its size; from whichever thread sends."""

_ESCAPES = {ord('"'): "%22", **{code: f"%{code:02X}" for code in (*range(32), 127)}}
"""The characters that browsers escape in file names, and the other control characters."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file in a form.

    Attributes:
        filename: its name on the platform; any text.
        content_type: its MIME type.
        content: returns its bytes from the start at every call.
        size_bytes: their exact number.
    """

    filename: str
    content_type: str
    content: ChunkSource
    size_bytes: int

    @classmethod
    def from_path(cls, path: str | os.PathLike[str], progress: UploadProgress | None = None) -> "FilePart":
        """Return the file at ``path``, which is read while it is sent.

        Raises:
            OSError: the file does not exist, or is a folder or a device.
        """
        path, body = Path(path), file_body(path)
        source = body.chunks if progress is None else partial(_counted, body.chunks, body.size_bytes, progress)
        return cls(path.name, type_of(path.name), source, body.size_bytes)

    @classmethod
    def from_bytes(cls, filename: str, content: bytes, content_type: str) -> "FilePart":
        """Return a file whose content is in memory."""
        return cls(filename, content_type, lambda: (content,), len(content))


def file_body(path: str | os.PathLike[str]) -> StreamedBody:
    """Return the content of the file at ``path`` as a body; raises as `FilePart.from_path` does."""
    path = Path(path)
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise OSError(f"{str(path)!r} is not a file that can be uploaded. Pass the path of a regular file")
    return StreamedBody(partial(_chunks_of, path, about.st_size), about.st_size)


def type_of(filename: str) -> str:
    """Return the MIME type that a file name suggests."""
    import mimetypes  # noqa: PLC0415  (slow, and only for uploads)

    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def encode(files: Mapping[str, FilePart], options: Mapping[str, str]) -> tuple[str, StreamedBody]:
    """Return the ``Content-Type`` and the body of a form: ``files`` by field name, then ``options``."""
    boundary = os.urandom(16).hex()
    pieces: list[tuple[bytes, FilePart | None]] = []
    for name, part in files.items():
        pieces.append((_heading_of_file(boundary, name, part), part))
    tail = b"".join(_option(boundary, name, text) for name, text in options.items()) + f"--{boundary}--\r\n".encode()
    pieces.append((tail, None))
    size = sum(len(text) + (part.size_bytes + 2 if part else 0) for text, part in pieces)
    return f"multipart/form-data; boundary={boundary}", StreamedBody(partial(_body, pieces), size)


def _body(pieces: Iterable[tuple[bytes, FilePart | None]]) -> Iterator[bytes]:
    for text, part in pieces:
        yield text
        if part is not None:
            yield from part.content()
            yield b"\r\n"


def _heading_of_file(boundary: str, name: str, part: FilePart) -> bytes:
    """Return the part's head. Names are UTF-8 in quotes; bytes that are not text (in a POSIX name) become ``?``."""
    return (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="{part.filename.translate(_ESCAPES)}"\r\n'
        f"Content-Type: {part.content_type}\r\n\r\n"
    ).encode(errors="replace")


def _option(boundary: str, name: str, text: str) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode(errors="replace")


def _chunks_of(path: Path, size_bytes: int) -> Iterator[bytes]:
    """Yield the first ``size_bytes`` of a file. Bytes appended later would exceed the announced length."""
    left = size_bytes
    with path.open("rb", buffering=0) as file:
        while left > 0:
            chunk = file.read(min(CHUNK_BYTES, left))
            if not chunk:
                raise OSError(
                    f"{str(path)!r} became shorter while it was uploaded: {left} of {size_bytes} bytes missing"
                )
            left -= len(chunk)
            yield chunk


def _counted(source: ChunkSource, size_bytes: int, progress: UploadProgress) -> Iterator[bytes]:
    """Yield the pieces of ``source``. Each counts as sent when the next is requested."""
    sent = 0
    for chunk in source():
        yield chunk
        sent += len(chunk)
        progress(sent, size_bytes)
