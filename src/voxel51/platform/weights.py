"""Weights of neural networks: installed ones, and ones that are downloaded once and verified by their SHA-256."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import BinaryIO

from voxel51.platform.errors import InvalidInput, MissingWeights
from voxel51.platform.job import Job, sha256_of
from voxel51.transport.errors import APIError
from voxel51.transport.messages import Request
from voxel51.transport.sender import JOB_HEADERS, HttpSender
from voxel51.wire.tasks import WEIGHTS_FOLDER

WEIGHTS_PACKAGE = "voxel51_weights"
"""Module of the wheel ``voxel51-platform-weights``."""


@dataclass(frozen=True, slots=True)
class InstalledWeights:
    """Weights of a built-in analytic.

    They are part of the source tree and of the wheel ``voxel51-platform-weights``, and not of the light wheel
    ``voxel51-platform``.

    Attributes:
        package: package of the analytic, whose folder has the file in a clone.
        filename: name of the file.
        sha256: of its bytes, in hexadecimal.
    """

    package: str
    filename: str
    sha256: str

    def read(self) -> bytes:
        """Return the content, from the first place that has the file with the right hash.

        Places, in this order: the folder of the package (a clone), the weights wheel, the weights folder.

        Raises:
            MissingWeights: no place has the file. The text says how to install it.
        """
        for place in self._places():
            if place.is_file():
                content = place.read_bytes()
                # An older weights wheel or a damaged file must not change the results unnoticed.
                if hashlib.sha256(content).hexdigest() == self.sha256:
                    return content
        raise MissingWeights(
            f"weights not found: {self.filename} of the analytic {self.package.rpartition('.')[2]}. Install the wheel "
            f"voxel51-platform-weights (in a clone: pip install ./weights), or put the file (SHA-256 {self.sha256}) "
            f"into {weights_folder()}"
        )

    def _places(self) -> Iterator[Traversable]:
        yield resources.files(self.package).joinpath(self.filename)
        with suppress(ModuleNotFoundError):  # the weights wheel is optional
            yield resources.files(WEIGHTS_PACKAGE).joinpath(self.package.rpartition(".")[2], self.filename)
        yield weights_folder() / self.filename


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """Weights that a third party publishes; they are downloaded when a job first needs them.

    Attributes:
        filename: name of the file in the weights folder.
        url: address to download it from.
        sha256: of its bytes, in hexadecimal.
        size_bytes: size of the file.
        licence: licence under which it is published.
    """

    filename: str
    url: str
    sha256: str
    size_bytes: int
    licence: str


def weights_folder() -> Path:
    """Return the folder in which weights are kept."""
    named = os.environ.get(WEIGHTS_FOLDER)
    return Path(named) if named else Path.home() / ".cache" / "voxel51" / "weights"


def fetch_weights(weights: PublishedWeights, job: Job) -> bytes:
    """Return the content of ``weights``, from the weights folder or else downloaded and kept there.

    A file in the folder was written by an earlier job or by an operator of a machine without a network. It is used
    only if its hash is right, so the folder need not be trusted. The provenance of the job's outputs names the weights.

    Raises:
        InvalidInput: the file is missing and cannot be downloaded. The text says where to put it.
    """
    path = weights_folder() / weights.filename
    if not _is_valid(path, weights):
        job.message(f"Downloading {weights.filename} ({weights.size_bytes / 1e6:.0f} MB)")
        _download(weights, path, job.scratch)
    job.record_weights(weights.filename, weights.sha256)
    return path.read_bytes() if _is_valid(path, weights) else (job.scratch / weights.filename).read_bytes()


def _download(weights: PublishedWeights, path: Path, scratch: Path) -> None:
    """Download to ``path``, or into ``scratch`` if ``path`` cannot be written."""
    try:
        with _new_file(path, scratch / weights.filename) as file:
            _receive(weights, file)
    except (APIError, _WrongContent) as error:
        raise InvalidInput(
            f"weights not available: {weights.filename} is not in {path.parent} and cannot be downloaded from "
            f"{weights.url}: {error}. Put the file (SHA-256 {weights.sha256}) into that folder (`voxel51 weights add"
            " FILE`), or choose another model"
        ) from None


class _WrongContent(Exception):
    """A response that is not the requested file."""


def _receive(weights: PublishedWeights, file: BinaryIO) -> None:
    digest, size = hashlib.sha256(), 0
    sender = HttpSender(headers=JOB_HEADERS)
    try:
        with sender.send(Request("GET", weights.url, repeatable=True)) as answer:
            if answer.status != 200:
                raise _WrongContent(f"the host responded with status {answer.status}")
            for chunk in answer.chunks():
                size += len(chunk)
                if size > weights.size_bytes:
                    raise _WrongContent(f"the file is larger than {weights.size_bytes} bytes")
                digest.update(chunk)
                file.write(chunk)
    finally:
        sender.close()
    if digest.hexdigest() != weights.sha256:
        raise _WrongContent(f"the host sent another file: {size} bytes with SHA-256 {digest.hexdigest()}")


@contextmanager
def _new_file(path: Path, fallback: Path) -> Iterator[BinaryIO]:
    """Yield a file that becomes ``path`` when the block ends, or ``fallback`` if ``path`` cannot be created.

    Jobs that run at the same time may download the same weights: each writes a file of its own, and the last rename
    wins. All have the same content.
    """
    target = path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".fetching-")
    except OSError:
        target = fallback
        descriptor, name = tempfile.mkstemp(dir=fallback.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _is_valid(path: Path, weights: PublishedWeights) -> bool:
    return path.is_file() and path.stat().st_size == weights.size_bytes and sha256_of(path) == weights.sha256
