"""Forms with a file: the file first, then the options, as every client of the platform has always sent them."""

import mimetypes
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from voxel51.transport.messages import CHUNK_BYTES, ChunkSource, StreamedBody

UploadProgress = Callable[[int, int], None]
"""Receives the bytes of the file that went out so far, and its size. It is called from a thread of the sender."""

_ESCAPES = {ord('"'): "%22", **{code: f"%{code:02X}" for code in (*range(32), 127)}}
"""What a browser escapes in a file name, and the other control characters."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file to be sent.

    Attributes:
        filename: what it is called there; any text.
        content_type: its MIME type.
        content: gives its bytes from the start at every call.
        size_bytes: their exact number.
    """

    filename: str
    content_type: str
    content: ChunkSource
    size_bytes: int

    @classmethod
    def from_path(cls, path: str | os.PathLike[str], progress: UploadProgress | None = None) -> "FilePart":
        """The file at ``path``, read while it is sent.

        Raises:
            OSError: there is no such file, or it is a folder or a device.
        """
        path = Path(path)
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise OSError(f"{str(path)!r} is not a file that can be uploaded: give the path of a regular file")
        source: ChunkSource = partial(_chunks_of, path, about.st_size)
        if progress is not None:
            source = partial(_counted, source, about.st_size, progress)
        return cls(path.name, type_of(path.name), source, about.st_size)

    @classmethod
    def from_bytes(cls, filename: str, content: bytes, content_type: str) -> "FilePart":
        """A file that is already in memory."""
        return cls(filename, content_type, lambda: (content,), len(content))


def type_of(filename: str) -> str:
    """The MIME type that a file name suggests."""
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def encode(files: Mapping[str, FilePart], options: Mapping[str, str]) -> tuple[str, StreamedBody]:
    """The ``Content-Type`` and the body of a form with ``files`` by field name and then ``options``."""
    boundary = secrets.token_hex(16)
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
    """Names go out as UTF-8 in quotes; what is no text at all (a stray byte in a POSIX name) becomes ``?``."""
    return (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="{part.filename.translate(_ESCAPES)}"\r\n'
        f"Content-Type: {part.content_type}\r\n\r\n"
    ).encode(errors="replace")


def _option(boundary: str, name: str, text: str) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode(errors="replace")


def _chunks_of(path: Path, size_bytes: int) -> Iterator[bytes]:
    """The first ``size_bytes`` of a file: what is appended meanwhile has no place in a body of announced length."""
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
    """The pieces of ``source``; each counts as sent when the next is asked for."""
    sent = 0
    for chunk in source():
        yield chunk
        sent += len(chunk)
        progress(sent, size_bytes)
