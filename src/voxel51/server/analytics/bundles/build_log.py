"""Build logs: lines that a build prints, readable while it runs and kept in the storage afterwards."""

import re
import shutil
import threading
from pathlib import Path

from voxel51.server.storage.storage import Storage
from voxel51.wire import dates
from voxel51.wire.bundles import BuildLogPart

FOLDER = "build-logs"
"""Folder of the storage."""

MAX_LOG_BYTES = 4 * 1024 * 1024
_MAX_LINE_LENGTH = 4000
_PART_BYTES = 64 * 1024
_COLORS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CUT = "… the log is too long: further lines are left out\n"


class BuildLog:
    """Log of one build that runs. Lines come from one thread, and are read by others.

    Args:
        path: the file in which it is kept meanwhile.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path
        self._file = path.open("wb", buffering=0)
        self._size_bytes = 0

    def add(self, line: str) -> None:
        """Append a line with the time. Control characters, which could confuse a terminal, are left out."""
        text = "".join(char if char.isprintable() else " " for char in _COLORS.sub("", line.expandtabs()))
        line = f"{dates.now():%H:%M:%S} {text[:_MAX_LINE_LENGTH].rstrip()}\n"
        if self._size_bytes >= MAX_LOG_BYTES:
            return
        self._size_bytes += len(line.encode())
        self._file.write((line if self._size_bytes < MAX_LOG_BYTES else _CUT).encode())

    def close(self) -> None:
        """Close the file, which stays."""
        self._file.close()


class BuildLogs:
    """Logs of the builds that run, in ``folder``, which this owns and empties."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, BuildLog] = {}
        self._lock = threading.Lock()
        shutil.rmtree(folder, ignore_errors=True)

    def begin(self, analytic_id: str) -> BuildLog:
        """Return a new log."""
        log = BuildLog(self._folder / f"{analytic_id}.log")
        with self._lock:
            self._running[analytic_id] = log
        return log

    def end(self, analytic_id: str) -> None:
        """Remove the log of a build that has ended."""
        with self._lock:
            log = self._running.pop(analytic_id)
        log.close()
        log.path.unlink(missing_ok=True)

    def read(self, analytic_id: str, offset: int) -> BuildLogPart | None:
        """Return the part from ``offset`` on; None if the build does not run."""
        with self._lock:
            log = self._running.get(analytic_id)
            if log is None:
                return None
            with log.path.open("rb") as file:
                file.seek(offset)
                return _part(file.read(_PART_BYTES), offset, is_complete=False)


def read_stored(storage: Storage, key: str, offset: int) -> BuildLogPart:
    """Return the part from ``offset`` on of a log in the storage.

    Raises:
        FileNotFoundError: the file is missing.
    """
    size = storage.size_bytes(key)
    content = b"".join(storage.read(key, min(offset, size), max(0, min(_PART_BYTES, size - offset))))
    part = _part(content, offset, is_complete=False)
    return {**part, "is_complete": part["next_offset"] >= size}


def _part(content: bytes, offset: int, *, is_complete: bool) -> BuildLogPart:
    """Return whole lines, so that no character is cut."""
    whole = content[: content.rfind(b"\n") + 1]
    return {"text": whole.decode("utf-8", "replace"), "next_offset": offset + len(whole), "is_complete": is_complete}
