"""The data folder of a running platform: who holds it, and where that one is reached."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import TypedDict

_PROBE_SECONDS = 1.0
"""How long to wait for the lock: commands hold it for a moment to see whether a platform runs."""


class FolderInUse(Exception):
    """Another platform is running in this data folder."""


class ServerFile(TypedDict):
    """Content of ``server.json``, which a running platform leaves in its data folder."""

    url: str
    pid: int
    version: str


def make_private(folder: Path) -> None:
    """Make the folder, for its owner alone. One that is there keeps its mode, unless it is empty: then it is new."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not any(folder.iterdir()):
        folder.chmod(0o700)


class FolderLock:
    """Held by the one platform that runs in a data folder. The kernel releases it when that process dies."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "server.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take it.

        Raises:
            FolderInUse: another platform holds it.
        """
        deadline = time.monotonic() + _PROBE_SECONDS
        while not self._try(fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                folder = self._path.parent
                raise FolderInUse(f"a platform is running in {folder} already; stop it, or choose another --dir")
            time.sleep(0.02)

    def is_held(self) -> bool:
        """Whether a platform holds it. Any number of processes may ask at once."""
        if self._try(fcntl.LOCK_SH):
            self.release()
            return False
        return True

    def _try(self, kind: int) -> bool:
        make_private(self._path.parent)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give it back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def write_server_file(folder: Path, content: ServerFile) -> None:
    """Say where the platform is reached."""
    temporary = folder / f"server.json.{os.getpid()}"
    temporary.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
    temporary.replace(folder / "server.json")


def remove_server_file(folder: Path) -> None:
    """Say that it is reached no longer."""
    (folder / "server.json").unlink(missing_ok=True)


def running_url(folder: Path) -> str | None:
    """Where the platform that runs in this folder is reached; None when none runs there."""
    if not folder.is_dir() or not FolderLock(folder).is_held():
        return None
    try:
        content: ServerFile = json.loads((folder / "server.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None  # it is starting
    return content["url"]
