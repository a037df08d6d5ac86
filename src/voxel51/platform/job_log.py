"""What a job prints: one file, from the first line to the last."""

import faulthandler
import fcntl
import logging
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from voxel51.transport.messages import CHUNK_BYTES, StreamedBody

LONGEST_LOG_BYTES = 64 * 1024 * 1024
"""How much of a log is uploaded, from its end."""

STANDARD_OUTPUT = 1
STANDARD_ERROR = 2


def capture(folder: Path) -> None:
    """See to it that all that this process prints or logs lands in one file that `body` can read.

    A runner has already pointed standard output and error at such a file. Elsewhere (in a container, at a terminal) a
    file in ``folder`` takes their place.
    """
    if not _is_one_readable_file():
        log = os.open(folder / "log", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.dup2(log, STANDARD_OUTPUT)
        os.dup2(log, STANDARD_ERROR)
        os.close(log)
    faulthandler.enable(STANDARD_ERROR)  # a segmentation fault leaves its traceback
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )


def body() -> StreamedBody:
    """The log so far; its last `LONGEST_LOG_BYTES` where it is longer."""
    flush()
    end = os.fstat(STANDARD_OUTPUT).st_size
    start = max(0, end - LONGEST_LOG_BYTES)
    notice = f"[the first {start} bytes of this log are left out]\n".encode() if start else b""

    def chunks() -> Iterator[bytes]:
        yield notice
        position = start
        while position < end:
            chunk = os.pread(STANDARD_OUTPUT, min(CHUNK_BYTES, end - position), position)
            if not chunk:  # somebody cut the file: what is left out is made up for, so that the size is kept
                chunk = b"\n" * min(CHUNK_BYTES, end - position)
            yield chunk
            position += len(chunk)

    return StreamedBody(chunks, len(notice) + end - start)


def flush() -> None:
    """Pass on what is still in this process's buffers. A full disk or an analytic that closed them is no error here."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue


def _is_one_readable_file() -> bool:
    try:
        output, error = os.fstat(STANDARD_OUTPUT), os.fstat(STANDARD_ERROR)
        is_one_file = stat.S_ISREG(output.st_mode) and os.path.samestat(output, error)
        return is_one_file and fcntl.fcntl(STANDARD_OUTPUT, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
    except OSError:
        return False
