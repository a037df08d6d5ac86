"""Job log: everything that a job prints or logs, in one file."""

import faulthandler
import fcntl
import logging
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from voxel51.transport.messages import CHUNK_BYTES, StreamedBody
from voxel51.wire import hidden_secrets
from voxel51.wire.hidden_secrets import hideable

LONGEST_LOG_BYTES = 64 * 1024 * 1024
"""Maximum size of an uploaded log; only the end of a longer log is uploaded."""

IMAGE_LOG = "/var/log/image.log"
"""Log of a container by the wire contract: what a container leaves there is the log of a job that sent none."""

STANDARD_OUTPUT = 1
STANDARD_ERROR = 2


def capture(folder: Path) -> None:
    """Redirect all output of this process to one file that `body` can read.

    A runner has already redirected standard output and error to such a file. In a container it is `IMAGE_LOG`, which
    the platform reads if the container is ended, and elsewhere (in a terminal) a file in ``folder``.
    """
    if not _is_one_readable_file():
        log = _new_log(folder)
        os.dup2(log, STANDARD_OUTPUT)
        os.dup2(log, STANDARD_ERROR)
        os.close(log)
    faulthandler.enable(STANDARD_ERROR)  # a segmentation fault leaves its traceback
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )


_hidden: list[bytes] = []


def hide(secrets: Iterable[str]) -> None:
    """Hide these secrets of the job from now on where the log leaves this process: asterisks take their place."""
    _hidden[:] = hideable(secrets)


def without_secrets(text: str) -> str:
    """Return a message of the job without its secrets."""
    return hidden_secrets.hide(text.encode(errors="surrogatepass"), _hidden).decode(errors="replace")


def _read(start: int, end: int) -> bytes:
    """Return this part of the log, without secrets. It may be shorter if the file was truncated."""
    margin = len(_hidden[0]) - 1 if _hidden else 0
    before = min(margin, start)
    text = os.pread(STANDARD_OUTPUT, end - start + before + margin, start - before)
    text = hidden_secrets.hide(text, _hidden)  # of the same length, since the size is announced before
    return text[before : before + end - start]


def body() -> StreamedBody:
    """Return the log so far, or its last `LONGEST_LOG_BYTES`."""
    flush()
    end = os.fstat(STANDARD_OUTPUT).st_size
    start = max(0, end - LONGEST_LOG_BYTES)
    notice = f"[the first {start} bytes of this log are omitted]\n".encode() if start else b""

    def chunks() -> Iterator[bytes]:
        yield notice
        position = start
        while position < end:
            chunk = _read(position, min(position + CHUNK_BYTES, end))
            if not chunk:  # the file was truncated: pad it, because the size of the upload is already announced
                chunk = b"\n" * min(CHUNK_BYTES, end - position)
            yield chunk
            position += len(chunk)

    return StreamedBody(chunks, len(notice) + end - start)


def since(position: int, most: int) -> tuple[int, str]:
    """Return the end of the log so far, and the text from ``position`` to there: its last ``most`` bytes if longer."""
    flush()
    if not _is_one_readable_file():
        return position, ""
    end = os.fstat(STANDARD_OUTPUT).st_size
    start = max(position, end - most)
    return end, _read(start, max(start, end)).decode(errors="replace").replace("\0", "")


def flush() -> None:
    """Write the buffers of this process. A full disk, or streams that the analytic closed, are not errors here."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue


def _new_log(folder: Path) -> int:
    """Return the descriptor of a file for the log."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    if os.getpid() == 1:  # the first process of a container: its file system ends with this job
        with suppress(OSError):  # its user may not be root
            return os.open(IMAGE_LOG, flags, 0o600)
    return os.open(folder / "log", flags, 0o600)


def _is_one_readable_file() -> bool:
    try:
        output, error = os.fstat(STANDARD_OUTPUT), os.fstat(STANDARD_ERROR)
        is_one_file = stat.S_ISREG(output.st_mode) and os.path.samestat(output, error)
        return is_one_file and fcntl.fcntl(STANDARD_OUTPUT, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
    except OSError:
        return False
