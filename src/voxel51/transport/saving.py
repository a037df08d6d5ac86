"""Answers kept as files: whole or not at all."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from voxel51.transport.messages import Answer

DownloadProgress = Callable[[int, int | None], None]
"""Receives the bytes that arrived so far, and how many there will be; None while nobody knows."""

_LONGEST_NAME_BYTES = 255


def save(answer: Answer, path: str | os.PathLike[str], progress: DownloadProgress | None = None) -> None:
    """Write the body of ``answer`` to ``path``, making its folders. At no time is there half a file at ``path``.

    Raises:
        OSError: it cannot be written; what was there before is still there.
        voxel51.transport.errors.ConnectionFailed: the body broke off; likewise.
    """
    with saving(answer.headers, path, progress) as take:
        for chunk in answer.chunks():
            take(chunk)


@contextmanager
def saving(
    headers: Mapping[str, str], path: str | os.PathLike[str], progress: DownloadProgress | None = None
) -> Iterator[Callable[[bytes], None]]:
    """What takes the pieces of a body whose answer has ``headers``. The file is at ``path`` once this is left.

    Raises:
        OSError: see `save`.
    """
    size = headers.get("content-length", "")
    total = int(size) if size.isdecimal() and "content-encoding" not in headers else None
    arrived = 0
    with replacing(Path(path)) as file:

        def take(chunk: bytes) -> None:
            nonlocal arrived
            file.write(chunk)
            arrived += len(chunk)
            if progress is not None:
                progress(arrived, total)

        yield take


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` once it is written and on the disk.

    A link is followed, and a device or pipe is written to as it is.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".voxel51-{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def local_name(name: str, otherwise: str) -> str:
    """``name``, which came from elsewhere, as the name of a file right here: no folders, no control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(character for character in last if character.isprintable()).strip()
    while len(clean.encode()) > _LONGEST_NAME_BYTES:
        clean = clean[:-1]
    return otherwise if clean in {"", ".", ".."} else clean


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
