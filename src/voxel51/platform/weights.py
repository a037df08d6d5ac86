"""Weights that do not come with a package: fetched once, checked by their hash, and kept for the next job."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job, sha256_of
from voxel51.transport.errors import APIError
from voxel51.transport.messages import Request
from voxel51.transport.plain import PlainSender
from voxel51.wire.tasks import WEIGHTS_FOLDER

_PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Weights:
    """A file of weights that somebody publishes.

    Attributes:
        filename: what it is called in the folder of weights.
        url: where it is fetched from.
        sha256: of its bytes, in hexadecimal.
        size_bytes: how many they are.
        licence: under which it is published.
    """

    filename: str
    url: str
    sha256: str
    size_bytes: int
    licence: str


def weights_folder() -> Path:
    """Where weights are kept."""
    named = os.environ.get(WEIGHTS_FOLDER)
    return Path(named) if named else Path.home() / ".cache" / "voxel51" / "weights"


def fetched(weights: Weights, job: Job) -> bytes:
    """The content of ``weights``: from the folder of weights where it is there, else fetched and left there.

    What lies in the folder was put there by an earlier job or by somebody who has no network; either way it counts only
    with the right hash. The job's outputs name it.

    Raises:
        InvalidInput: it is not there, and cannot be fetched; the text says what to put where.
    """
    path = weights_folder() / weights.filename
    if not _is_right(path, weights):
        job.message(f"Fetching {weights.filename} ({weights.size_bytes / 1e6:.0f} MB)")
        _fetch(weights, path, job.scratch)
    job.record_weights(weights.filename, weights.sha256)
    return path.read_bytes() if _is_right(path, weights) else (job.scratch / weights.filename).read_bytes()


def _fetch(weights: Weights, path: Path, scratch: Path) -> None:
    """Leave it at ``path``, or in ``scratch`` where nothing can be kept at ``path``."""
    try:
        with _piece(path, scratch / weights.filename) as file:
            _receive(weights, file)
    except (APIError, _Wrong) as error:
        raise InvalidInput(
            f"{weights.filename} is not here and cannot be fetched from {weights.url}: {error}. Put the file (SHA-256 "
            f"{weights.sha256}) into {path.parent}, or give a model of your own"
        ) from None


class _Wrong(Exception):
    """What came is not what was asked for."""


def _receive(weights: Weights, file: BinaryIO) -> None:
    digest, size = hashlib.sha256(), 0
    sender = PlainSender()
    try:
        with sender.send(Request("GET", weights.url, repeatable=True)) as answer:
            if answer.status != 200:
                raise _Wrong(f"its host answers {answer.status}")
            for chunk in answer.chunks():
                size += len(chunk)
                if size > weights.size_bytes:
                    raise _Wrong(f"there is more of it than {weights.size_bytes} bytes")
                digest.update(chunk)
                file.write(chunk)
    finally:
        sender.close()
    if digest.hexdigest() != weights.sha256:
        raise _Wrong(f"what is there is another file: {size} bytes with SHA-256 {digest.hexdigest()}")


@contextmanager
def _piece(path: Path, otherwise: Path) -> Iterator[BinaryIO]:
    """A file that becomes ``path`` when the block ends; ``otherwise`` where no file can be made there."""
    target = path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".fetching-")
    except OSError:
        target = otherwise
        descriptor, name = tempfile.mkstemp(dir=otherwise.parent)
    piece = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        piece.replace(target)
    finally:
        piece.unlink(missing_ok=True)


def _is_right(path: Path, weights: Weights) -> bool:
    return path.is_file() and path.stat().st_size == weights.size_bytes and sha256_of(path) == weights.sha256
