"""Attempt folders: one per attempt, with its working directory and its log."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from voxel51.runners.interface import LOG_TAIL_BYTES


class AttemptFolder:
    """Folder of one attempt.

    Attributes:
        path: the folder; removed when the attempt has ended.
        work: working directory, home and temporary folder of the attempt.
        log: standard output and error of the attempt.
        request: file with the launch request of its processes; they remove it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = path / "work"
        self.log = path / "log"
        self.request = path / "request"

    def create(self, user: int | None = None) -> None:
        """Create the folder, readable by its owner only; ``user`` owns the working directory."""
        self.path.mkdir(mode=0o700)
        self.work.mkdir(mode=0o700)
        if user is not None:
            os.chown(self.work, user, user)

    def write_request(self, text: str) -> None:
        """Write the launch request. Only this user can read it, since it contains credentials."""
        with os.fdopen(os.open(self.request, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)

    def log_tail(self) -> bytes:
        """Return the last `LOG_TAIL_BYTES` of the log; empty if there is no log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - LOG_TAIL_BYTES))
                return file.read(LOG_TAIL_BYTES)
        except OSError:
            return b""

    def remove(self) -> None:
        """Remove the folder and everything below it."""
        remove(self.path)


def remove(path: Path) -> None:
    """Remove a file, or a folder and everything below it, including folders that a job made unreadable."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        # A job may have removed its own permissions. They are restored only then: this visits every folder.
        for folder, names, _files in os.walk(path):
            for name in names:
                with suppress(OSError):
                    (Path(folder) / name).chmod(0o700, follow_symlinks=False)
        shutil.rmtree(path, ignore_errors=True)
