"""Folder cache: folders that can be made again, kept below a quota; the least recently used are removed first.

A folder in use is leased: its lease is a shared lock of the operating system on a file beside it. So a folder is never
removed while a process of this machine uses it, and a lease ends with its process at the latest.
"""

import fcntl
import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from voxel51.runners.processes.folders import remove

logger = logging.getLogger(__name__)

_CONTENT, _RECORD = "content", "record.json"
_BLOCK_BYTES = 512


@dataclass(frozen=True, slots=True)
class TreeSummary:
    """Summary of a folder: the number and size of its files, and a hash of their names, sizes and times."""

    files: int
    size_bytes: int
    sha256: str


class Lease:
    """Use of a cached folder, until `release` or the end of a ``with`` block.

    Attributes:
        key: what the folder was kept under.
        folder: the folder. It stays as it is while it is leased.
    """

    def __init__(self, key: str, folder: Path, descriptor: int) -> None:
        self.key = key
        self.folder = folder
        self._descriptor = descriptor

    def release(self) -> None:
        """End the use. Further calls have no effect."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> "Lease":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@dataclass(frozen=True, slots=True)
class _Kept:
    used_at: float
    size_bytes: int
    folder: Path


class FolderCache:
    """Cache of folders by key.

    Args:
        folder: folder that holds the cache, and is its own.
        quota_bytes: size of all cached folders. It is exceeded only as far as leased folders exceed it.
    """

    def __init__(self, folder: Path, quota_bytes: int) -> None:
        self._folder = folder
        self._quota_bytes = quota_bytes
        self._intact: set[str] = set()  # verified since the start of this process
        self._key_locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()  # guards the one above

    def open(self) -> None:
        """Create the folder of the cache, and remove what an interrupted removal left."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self._folder.glob(".*"):
            remove(path)

    def lease(self, key: str) -> Lease | None:
        """Return a lease of the folder ``key``; None if it is not cached. A damaged one is removed."""
        place = self._folder / key
        descriptor = self._locked(place)
        if descriptor is None:
            if place.exists():
                self._remove(place)
            return None
        if key not in self._intact and not _is_intact(place):
            logger.warning("the cached folder %s is damaged, and is made again", key)
            os.close(descriptor)
            self._remove(place)
            return None
        self._intact.add(key)
        os.utime(place / _RECORD)
        return Lease(key, place / _CONTENT, descriptor)

    def add(self, key: str, content: Path) -> Lease:
        """Move the folder ``content`` (of the same file system) into the cache and return a lease of it.

        If another process was faster, its folder is used. Others are removed as the quota requires.

        Raises:
            OSError: there is no space for it.
        """
        with self.draft() as draft:
            content.rename(draft / _CONTENT)
            (draft / _RECORD).write_text(json.dumps(asdict(summarize(draft / _CONTENT))))
            with suppress(OSError):  # not empty: another process was faster
                draft.rename(self._folder / key)
        lease = self.lease(key)
        if lease is None:
            raise OSError(f"the cached folder {key} vanished")
        self._evict()
        return lease

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Wait until no other thread is in such a block for ``key``: the folder is made once."""
        with self._lock:
            lock = self._key_locks.setdefault(key, threading.Lock())
        with lock:
            yield

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Make an empty folder on the file system of the cache, which is removed at the end of the block."""
        draft = self._folder / f".draft-{os.getpid()}-{time.monotonic_ns()}"
        draft.mkdir(mode=0o755)
        try:
            yield draft
        finally:
            remove(draft)

    def used_bytes(self) -> int:
        """Return the size of all cached folders."""
        return sum(kept.size_bytes for kept in self._kept())

    def _locked(self, place: Path) -> int | None:
        """Return a descriptor with a shared lock on a folder; None if the folder does not exist."""
        try:
            descriptor = os.open(place / _RECORD, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        except OSError:
            return None
        if os.fstat(descriptor).st_nlink == 0 or not place.exists():  # removed before the lock was granted
            os.close(descriptor)
            return None
        return descriptor

    def _kept(self) -> list[_Kept]:
        """Return the cached folders, the least recently used first."""
        found = []
        for place in self._folder.iterdir():
            with suppress(OSError, ValueError, KeyError):
                record = place / _RECORD
                found.append(_Kept(record.stat().st_mtime, json.loads(record.read_text())["size_bytes"], place))
        return sorted(found, key=lambda kept: kept.used_at)

    def _evict(self) -> None:
        kept = self._kept()
        excess = sum(each.size_bytes for each in kept) - self._quota_bytes
        for each in kept:
            if excess <= 0:
                return
            if self._remove(each.folder):
                logger.info("removed the cached folder %s, of %d bytes", each.folder.name, each.size_bytes)
                excess -= each.size_bytes

    def _remove(self, place: Path) -> bool:
        """Remove a folder that is not leased; return whether it was."""
        try:
            descriptor = os.open(place / _RECORD, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            remove(place)
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            gone = place.with_name(f".{place.name}-{os.getpid()}-{time.monotonic_ns()}")
            place.rename(gone)
        except OSError:  # leased, or removed meanwhile
            return False
        finally:
            os.close(descriptor)
        self._intact.discard(place.name)
        remove(gone)
        return True


def _is_intact(place: Path) -> bool:
    try:
        record = json.loads((place / _RECORD).read_text())
        return bool(record["sha256"] == summarize(place / _CONTENT).sha256)
    except (OSError, ValueError, KeyError):
        return False


def summarize(folder: Path) -> TreeSummary:
    """Return the summary of a folder, by which damage is noticed."""
    digest, files, size_bytes = hashlib.sha256(), 0, 0
    for path, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            found = os.lstat(os.path.join(path, name))  # noqa: PTH118  (fast: an environment has 10^5 files)
            relative = os.path.relpath(os.path.join(path, name), folder)  # noqa: PTH118
            digest.update(f"{relative}\0{found.st_size}\0{found.st_mtime_ns}\n".encode(errors="surrogateescape"))
            files, size_bytes = files + 1, size_bytes + found.st_blocks * _BLOCK_BYTES
    return TreeSummary(files, size_bytes, digest.hexdigest())
