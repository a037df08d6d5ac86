"""Wrong clock: a process with this folder in PYTHONPATH adds the seconds in the file CLOCK_OFFSET_FILE to its time."""

import os
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from voxel51.wire import dates

_READ_SECONDS = 0.05
_file = Path(os.environ["CLOCK_OFFSET_FILE"])
_true_time, _true_now = time.time, dates.now
_known = [0.0, 0.0]  # the offset, and when it was read on the monotonic clock


def _offset() -> float:
    if time.monotonic() - _known[1] > _READ_SECONDS:
        with suppress(OSError, ValueError):  # there is no file, or it is being written
            _known[0] = float(_file.read_text())
        _known[1] = time.monotonic()
    return _known[0]


def _wrong_time() -> float:
    return _true_time() + _offset()


def _wrong_now() -> datetime:
    return _true_now() + timedelta(seconds=_offset())


time.time = _wrong_time
dates.now = _wrong_now
