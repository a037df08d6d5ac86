"""Greedy analytics: each takes more than its share, by several processes or by one that tries to escape."""

import os
import time
from pathlib import Path

from samples.documents import a_document
from voxel51.platform.definition import Analytic

MANY = 25  # more than the limit of 20, and fewer than the kernel refuses
PIECE_BYTES = 1 << 20


def _wait():
    while True:
        time.sleep(3600)


def _escape(act):
    """Run ``act`` in a process of another session, whose parent has ended."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            act()
            _wait()
        os._exit(0)
    _wait()


def _take_memory():
    taken = bytearray(160 << 20)
    taken[::4096] = b"x" * len(taken[::4096])
    _wait()


def many_processes(_job):
    for _ in range(MANY):
        if os.fork() == 0:
            _wait()
    _wait()


def fork_bomb(_job):
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


def memory_by_many(_job):
    for _ in range(3):
        if os.fork() == 0:
            _take_memory()
    _wait()


def memory_by_escaped(_job):
    _escape(lambda: [os.fork() or _take_memory() for _ in range(3)])


def fill_scratch(_job):
    for number in range(100):
        Path(f"{number % 7}-{number}").write_bytes(os.urandom(PIECE_BYTES))
    _wait()


def fill_scratch_by_escaped(_job):
    _escape(lambda: fill_scratch(None))


def fill_scratch_unseen(_job):
    """Write to a file without a name."""
    with Path("gone").open("wb") as file:
        Path("gone").unlink()
        for _ in range(100):
            file.write(os.urandom(PIECE_BYTES))
        file.flush()
        _wait()


def many_files(_job):
    for number in range(500):
        Path(f"{number}").touch()
    _wait()


def nest_folders(_job):
    """Leave folders that no recursion can follow, and one without permissions, within all limits."""
    Path("locked/inside").mkdir(parents=True)
    Path("locked").chmod(0)
    _nest("d", 1500)


def nest_folders_beyond_paths(_job):
    """Write files so deep that they have no path."""
    _nest("d" * 200, 30)
    for _ in range(100):
        with Path("big").open("ab") as file:
            file.write(os.urandom(PIECE_BYTES))
    _wait()


def _nest(name, depth):
    for _ in range(depth):
        Path(name).mkdir()
        os.chdir(name)


def write_much(_job):
    """Write to the disk again and again, and keep little."""
    while True:
        with Path("again").open("wb") as file:
            file.write(os.urandom(PIECE_BYTES))
            os.fsync(file.fileno())


NAMES = {
    function.__name__.replace("_", "-"): function
    for function in (
        many_processes, fork_bomb, memory_by_many, memory_by_escaped, fill_scratch, fill_scratch_by_escaped,
        fill_scratch_unseen, many_files, nest_folders, nest_folders_beyond_paths, write_much,
    )
}  # fmt: skip
globals().update({name.upper().replace("-", "_"): Analytic(a_document(name), NAMES[name]) for name in NAMES})
