"""Resumable downloads: a partial file beside the target, and a note with the validator of the whole file.

The target never holds an incomplete file, even when the process dies. Nothing is synced to the disk, as in other tools
that download, so a file should be checked after a power cut. A large partial file stays when the connection is lost or
the process ends, and the next download of the same file to the same path continues it. A file that arrives in ranges
has gaps meanwhile, so the note says how much of its beginning is complete.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from voxel51.transport.background_hash import BackgroundHash
from voxel51.transport.errors import Damaged
from voxel51.transport.messages import CHUNK_BYTES
from voxel51.transport.ranges import FileRanges
from voxel51.transport.saving import DownloadProgress, write_all
from voxel51.wire import digests
from voxel51.wire.hashing import new_sha256

KEPT_BYTES = 8 * 1024 * 1024
"""The size from which a partial file is kept. Smaller ones are quickly downloaded again."""


class PartialDownload:
    """One download to ``path`` of the file that ``identity`` names, from the first request to `finish` or `give_up`.

    Attributes:
        size_bytes: the number of bytes from the beginning that are complete.
        ranges: the ranges in which the file arrives; None while it arrives from one end to the other.
        tag: the validator (ETag) of the whole file; None while it is unknown.
    """

    def __init__(self, path: Path, identity: str, progress: DownloadProgress | None) -> None:
        self._target = Path(os.path.realpath(path))
        self._made = [folder for folder in self._target.parents if not folder.exists()]
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._progress = progress
        name = new_sha256(f"{identity}\n{self._target}".encode(errors="replace")).hexdigest()[:16]
        self._path = self._target.with_name(f".voxel51-{name}.part")
        self._descriptor = self._lock() or self._unique()
        self._note = self._path.with_suffix(".note")
        self._total: int | None = None
        self._sha256: str | None = None
        self._hash = BackgroundHash()
        self.ranges: FileRanges | None = None
        self.tag: str | None
        self.size_bytes: int
        self.tag, self.size_bytes = self._read_note()
        self._noted_bytes = 0

    @property
    def arrived_bytes(self) -> int:
        """Return the number of bytes that need not be requested again, those after gaps included."""
        return self.size_bytes if self.ranges is None else self.ranges.arrived_bytes

    def headers(self) -> dict[str, str]:
        """Return the headers that request only the rest, if the file is unchanged."""
        if self.tag is None or not self.size_bytes:
            return {}
        return {"Range": f"bytes={self.size_bytes}-", "If-Range": self.tag}

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Prepare for the rest of the file (status 206), or for all of it."""
        if status != 206:
            self.size_bytes = 0
        self.ranges = None
        os.ftruncate(self._descriptor, self.size_bytes)
        os.lseek(self._descriptor, self.size_bytes, os.SEEK_SET)
        size = headers.get("content-length", "")
        is_plain = size.isdecimal() and "content-encoding" not in headers
        self._total = self.size_bytes + int(size) if is_plain else None
        self._describe(headers)
        if self.tag is not None:
            self._write_note()  # always: a note from a download in ranges would cut off what arrives now
        if self._hash.size_bytes != self.size_bytes and self._sha256 is not None:
            self._hash_partial_file()

    def begin_ranges(self, total_bytes: int, headers: Mapping[str, str]) -> FileRanges:
        """Prepare for the rest of the file in ranges, which threads may write at the same time."""
        os.ftruncate(self._descriptor, self.size_bytes)
        self._total = total_bytes
        self._describe(headers)
        if self._hash.size_bytes != self.size_bytes:
            self._hash.close()
            self._hash = BackgroundHash()
        self.ranges = FileRanges(self._descriptor, self.size_bytes, total_bytes, self._advance)
        self._write_note()
        if self._sha256 is not None and self.size_bytes:
            self._hash.follow(self._descriptor, self.size_bytes)
        return self.ranges

    def take(self, chunk: bytes) -> None:
        """Append the next piece."""
        if self._sha256 is not None:
            self._hash.update(chunk)
        write_all(self._descriptor, chunk)
        self.size_bytes += len(chunk)
        if self._progress is not None:
            self._progress(self.size_bytes, self._total)

    def finish(self) -> None:
        """Check the file and move it to its target.

        Raises:
            Damaged: its size or hash differs from the platform's; `give_up` deletes it.
        """
        if self._total is not None and self.size_bytes != self._total:
            self._refuse(f"{self.size_bytes} of {self._total} bytes arrived")
        found = self._hash.hexdigest()
        if self._sha256 is not None and found != self._sha256:
            self._refuse(f"the SHA-256 is {found}, expected {self._sha256}")
        self._path.replace(self._target)
        self._note.unlink(missing_ok=True)
        os.close(self._descriptor)

    def give_up(self) -> None:
        """Keep the partial file if it is large and can be continued, else delete it."""
        self._hash.close()
        if self.ranges is not None and self.tag is not None:
            os.ftruncate(self._descriptor, self.size_bytes)
            self._write_note()
        if self.tag is None or self.size_bytes < KEPT_BYTES:
            self._path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)
            with suppress(OSError):  # another process has put a file there
                for folder in self._made:
                    folder.rmdir()
        os.close(self._descriptor)

    def start_over(self) -> None:
        """Discard the partial file's content with the next response."""
        self.tag, self.size_bytes, self.ranges = None, 0, None

    def _advance(self, size_bytes: int, arrived_bytes: int) -> None:
        """Note that the file is complete up to ``size_bytes``. Called by one thread at a time."""
        if size_bytes > self.size_bytes:
            self.size_bytes = size_bytes
            if self._sha256 is not None:
                self._hash.follow(self._descriptor, size_bytes)
            if size_bytes - self._noted_bytes >= KEPT_BYTES:
                self._write_note()
        if self._progress is not None:
            self._progress(arrived_bytes, self._total)

    def _describe(self, headers: Mapping[str, str]) -> None:
        """Keep what ``headers`` say about the whole file: its hash and its validator."""
        with suppress(ValueError):  # a malformed one cannot be checked
            self._sha256 = digests.from_header(headers.get("repr-digest"))
        tag = headers.get("etag")
        if tag is not None and tag != self.tag and not tag.startswith("W/"):
            self.tag = tag

    def _refuse(self, reason: str) -> None:
        self.tag = None
        raise Damaged(f"the download of {self._target.name!r} failed: {reason}. Try again")

    def _lock(self) -> int | None:
        """Return the partial file, locked; None where another download to the same path uses it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        if not _is_at(self._path, descriptor):  # the other has just finished, and moved or deleted it
            os.close(descriptor)
            return None
        return descriptor

    def _unique(self) -> int:
        self._path = self._target.with_name(f".voxel51-{os.urandom(8).hex()}.part")
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def _read_note(self) -> tuple[str | None, int]:
        """Return the validator of the file and the number of bytes that are complete; None and 0 without a note."""
        size_bytes = os.fstat(self._descriptor).st_size
        try:
            note = json.loads(self._note.read_bytes())
            tag, complete_bytes = note["tag"], note.get("complete_bytes", size_bytes)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None, 0
        is_valid = isinstance(tag, str) and isinstance(complete_bytes, int) and 0 <= complete_bytes <= size_bytes
        return (tag, complete_bytes) if is_valid else (None, 0)

    def _write_note(self) -> None:
        """Write the note in one step, since the process may die at any moment."""
        note: dict[str, object] = {"tag": self.tag}
        if self.ranges is not None:
            note["complete_bytes"] = self._noted_bytes = self.size_bytes
        new = self._note.with_suffix(".new")
        new.write_text(json.dumps(note), encoding="utf-8")
        new.replace(self._note)

    def _hash_partial_file(self) -> None:
        self._hash.close()
        self._hash = BackgroundHash()
        while piece := os.pread(self._descriptor, CHUNK_BYTES, self._hash.size_bytes):
            self._hash.update(piece)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
