"""Data folder: locked by the one platform that runs in it, with the id of its storage and the platform's address."""

import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

_PROBE_SECONDS = 1.0
"""Time to wait for the lock. Commands hold it for a moment to check whether a platform runs."""


class FolderInUse(Exception):
    """Another platform is running in this data folder."""


class ServerFile(TypedDict):
    """Content of ``server.json``, which a running platform writes into its data folder."""

    url: str
    pid: int
    version: str
    can_reload: NotRequired[bool]


def make_private(folder: Path) -> None:
    """Create ``folder`` with mode 0700. An existing folder keeps its mode unless it is empty."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not any(folder.iterdir()):
        folder.chmod(0o700)


def place_of(folder: Path) -> str:
    """Return the host and the path of a data folder, for messages and to tell two folders apart."""
    return f"{socket.gethostname()}:{folder.resolve()}"


class StorageFolder:
    """The storage in a folder, as far as its identity is concerned (`voxel51.server.database.identity`).

    The id is a file beside the stored files, so that a copy of the files has the id, too.

    Args:
        folder: the data folder.
        root: the folder of the stored files; None: that in the data folder.
    """

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self.place = place_of(folder)
        self._root = root or folder / "storage"
        self._path = self._root / "identity"

    def read_id(self) -> str | None:
        """Return the id of the storage; None if it has none yet."""
        try:
            return self._path.read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    def write_id(self, storage_id: str) -> None:
        """Record the id durably."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._path.with_name(f"identity.{os.getpid()}")
        with temporary.open("w", encoding="ascii") as file:
            file.write(f"{storage_id}\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        for folder in (self._root, self._root.parent):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    @property
    def mark(self) -> str:
        """Text that tells the folder from a copy of it, and is the same for all processes that share the folder."""
        return f"folder {self._root.stat().st_ino}"

    def has(self, key: str) -> bool:
        """Return whether the storage has the file ``key``."""
        folder, _, name = key.partition("/")
        return (self._root / folder / name[:1] / name).is_file()


class FolderLock:
    """Lock of the data folder, held by the platform that runs in it. The kernel releases it when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "server.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Acquire the lock.

        Raises:
            FolderInUse: another platform holds it.
        """
        deadline = time.monotonic() + _PROBE_SECONDS
        while not self._try(fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                folder = self._path.parent
                raise FolderInUse(f"a platform is already running in {folder}; stop it, or use another --dir")
            time.sleep(0.02)
        self._write_pid()

    def _write_pid(self) -> None:
        # For `running_process`. A full disk must not prevent the start: the lock holds without it.
        if self._descriptor is not None:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def is_held(self) -> bool:
        """Return whether a platform holds the lock. Any number of processes may ask at the same time."""
        # A shared lock: concurrent probes do not exclude each other, only a running platform excludes them.
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
        """Release the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def write_server_file(folder: Path, content: ServerFile) -> None:
    """Write where the platform listens."""
    temporary = folder / f"server.json.{os.getpid()}"
    temporary.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
    temporary.replace(folder / "server.json")  # atomic: readers never see half a file


def remove_server_file(folder: Path) -> None:
    """Remove the file when the platform stops."""
    (folder / "server.json").unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """Process of the platform that runs in a data folder, and which signals it knows: those to drain and to reload.

    A process that does not know a signal ends by it.
    """

    pid: int
    can_drain: bool
    can_reload: bool


def running_process(folder: Path) -> RunningProcess | None:
    """Return the process of the platform that runs in this folder; None if none runs.

    Raises:
        OSError: one runs, but its process id is unknown.
    """
    if not folder.is_dir() or not FolderLock(folder).is_held():
        return None
    for name, can_drain in (("server.lock", True), ("server.json", False)):  # versions before 0.2 write only the latter
        with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            found = json.loads((folder / name).read_text(encoding="utf-8"))
            pid = int(found if can_drain else found["pid"])
            return RunningProcess(pid, can_drain, _can_reload(folder, pid))
    raise OSError(
        f"the process id of the platform in {folder} is unknown: {folder / 'server.lock'} does not contain it"
    )


def _can_reload(folder: Path, pid: int) -> bool:
    content = _read_server_file(folder)
    return content is not None and content["pid"] == pid and content.get("can_reload", False)


def _read_server_file(folder: Path) -> ServerFile | None:
    try:
        content: ServerFile = json.loads((folder / "server.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None  # still starting
    return content


def running_url(folder: Path) -> str | None:
    """Return the URL of the platform that runs in this folder; None if none runs or it is still starting."""
    if not folder.is_dir() or not FolderLock(folder).is_held():
        return None
    content = _read_server_file(folder)
    return None if content is None else content["url"]
