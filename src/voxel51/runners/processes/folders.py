"""Attempt folders: one per attempt, with its working directory and its log."""

import itertools
import os
import stat
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from voxel51.runners.interface import LOG_TAIL_BYTES

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


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
    """Remove a file, or a folder and everything below it, however deep, including folders that a job made unreadable.

    What cannot be removed is left.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    with suppress(OSError):
        _empty(path)
        path.rmdir()


def _empty(path: Path) -> None:
    """Remove everything in the folder ``path``.

    Folders are moved to the top before they are emptied. So neither their depth, which `shutil.rmtree` follows by a
    recursion, nor the length of their paths has a limit, and no path is looked up twice.
    """
    prefix, numbers, left = f".{uuid.uuid4().hex}-", itertools.count(), set[str]()
    top = _open_folder(str(path))
    try:
        while folders := [name for name in _unlink_files(top) if name not in left]:
            for name in folders:
                left.add(name)
                with suppress(OSError):
                    _lift(top, name, prefix, numbers)
                    os.rmdir(name, dir_fd=top)
                    left.discard(name)
    finally:
        os.close(top)


def _lift(top: int, name: str, prefix: str, numbers: Iterator[int]) -> None:
    """Remove the files of the folder ``name`` in the folder ``top``, and move its folders to ``top``."""
    folder = _open_folder(name, top)
    try:
        for below in _unlink_files(folder):
            target = f"{prefix}{next(numbers)}"
            try:
                os.rename(below, target, src_dir_fd=folder, dst_dir_fd=top)
            except PermissionError:  # a folder that moves must be writable, as its entry `..` changes
                os.close(_open_folder(below, folder))
                os.rename(below, target, src_dir_fd=folder, dst_dir_fd=top)
    finally:
        os.close(folder)


def _unlink_files(folder: int) -> list[str]:
    """Unlink everything in a folder but its folders, whose names are returned."""
    with os.scandir(folder) as entries:
        found = [(each.name, each.is_dir(follow_symlinks=False)) for each in entries]
    for name, is_folder in found:
        if not is_folder:
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)
    return [name for name, is_folder in found if is_folder]


def _open_folder(name: str, parent: int | None = None) -> int:
    """Open a folder, which is never a link, and give this user all rights to it."""
    try:
        folder = os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:
        _permit(name, parent)
        folder = os.open(name, _FOLDER, dir_fd=parent)
    with suppress(OSError):
        os.fchmod(folder, stat.S_IRWXU)
    return folder


def _permit(name: str, parent: int | None) -> None:
    """Give this user all rights to a folder that cannot be opened."""
    if sys.platform != "linux":
        os.chmod(name, stat.S_IRWXU, dir_fd=parent, follow_symlinks=False)
        return
    # Linux has no call that changes the mode of a folder and never that of what a link leads to.
    place = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        Path(f"/proc/self/fd/{place}").chmod(stat.S_IRWXU)
    finally:
        os.close(place)
