"""Weight files: add and download files of the registry; only known content reaches the weights folder."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from voxel51.platform.named_weights import REGISTRY, NamedWeights, UnknownWeights
from voxel51.transport.messages import Request
from voxel51.transport.sender import HttpSender


def add_file(source: Path, folder: Path) -> NamedWeights:
    """Copy ``source`` to ``folder`` under the name of its entry, and return the entry.

    Raises:
        UnknownWeights: no entry has a file with this hash.
        OSError: the file cannot be read or the folder cannot be written.
    """
    content = source.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    for each in REGISTRY:
        if each.with_hash(sha256):
            with _new_file(folder / each.filename) as file:
                file.write(content)
            return each
    raise UnknownWeights(
        f"weights not added: {source} has the SHA-256 {sha256}, which no entry of the registry has. Run it with "
        "voxel51/onnx-detector instead if it is a detector of your own."
    )


def fetch_file(weights: NamedWeights, folder: Path, mirror: str | None = None) -> Path:
    """Download ``weights`` into ``folder`` and return the path; nothing if the folder has it.

    ``mirror`` is the address of the file, or of the folder with it if it ends with a slash. Only a known file is kept.

    Raises:
        UnknownWeights: the weights have no address, or the host sent another file.
        APIError: the host cannot be reached.
        OSError: the folder cannot be written.
    """
    path = folder / weights.filename
    if weights.find(folder):
        return path
    urls = weights.urls if mirror is None else (mirror + weights.filename if mirror.endswith("/") else mirror,)
    if not urls:
        raise UnknownWeights(
            f"weights {weights.name} have no address to download them from. Get the file ({weights.source_card}) and "
            "add it (voxel51 weights add FILE), or name a mirror (--from URL)."
        )
    largest = max(each.size_bytes for each in weights.files)
    with _new_file(path) as file:
        sha256 = _download(urls[0], file, largest)
        if weights.with_hash(sha256) is None:
            raise UnknownWeights(
                f"weights not accepted: {urls[0]} sent a file with the SHA-256 {sha256}, which is not one of "
                f"{weights.name}"
            )
    return path


def _download(url: str, file: BinaryIO, most_bytes: int) -> str:
    """Write the response of ``url`` to ``file``; return its SHA-256."""
    digest, size = hashlib.sha256(), 0
    sender = HttpSender()
    try:
        with sender.send(Request("GET", url, repeatable=True)) as answer:
            if answer.status != 200:
                raise UnknownWeights(f"weights not available: {url} responded with status {answer.status}")
            for chunk in answer.chunks():
                size += len(chunk)
                if size > most_bytes:
                    raise UnknownWeights(f"weights not accepted: {url} sent more than {most_bytes} bytes")
                digest.update(chunk)
                file.write(chunk)
    finally:
        sender.close()
    return digest.hexdigest()


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that becomes ``path`` when the block ends, and is deleted if the block fails.

    Jobs and commands may write the same weights at the same time: each has a file of its own, and the last rename wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".fetching-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        temporary.chmod(0o644)  # jobs of another user read it
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
