"""Workers: what executes jobs, and the load of its machine. The only worker is the dispatcher of this process."""

import os
import shutil
import socket
from pathlib import Path

from voxel51.server.engine.dispatcher import Dispatcher
from voxel51.server.settings import cores
from voxel51.wire import dates
from voxel51.wire.overview import Disk, Memory, Worker

LOCAL_ENGINE = "local"
_MEMORY = Path("/proc/meminfo")
_UNITS = {"kB": 1024}


def local_worker(dispatcher: Dispatcher, storage: Path) -> Worker:
    """Return the dispatcher of this process and its machine. ``storage`` is the folder of the stored files."""
    return {
        "name": socket.gethostname(),
        "engine": LOCAL_ENGINE,
        "dispatching": dispatcher.waiting_reason is None,
        "waiting_reason": dispatcher.waiting_reason,
        "started_at": None if dispatcher.opened_at is None else dates.to_text(dispatcher.opened_at),
        "jobs": dispatcher.slots(internal=False),
        "renditions": dispatcher.slots(internal=True),
        "cores": cores(),
        "load": _load(),
        "memory": _memory(),
        "disk": _disk(storage),
    }


def _load() -> list[float] | None:
    try:
        return [round(each, 2) for each in os.getloadavg()]
    except (AttributeError, OSError):
        return None


def _memory() -> Memory | None:
    """Return the memory as Linux reports it. "Available" is what programs can get without swapping."""
    try:
        lines = [line.split() for line in _MEMORY.read_text(encoding="ascii").splitlines()]
        found = {line[0]: int(line[1]) * _UNITS[line[2]] for line in lines if len(line) == 3}
        return {"total": found["MemTotal:"], "available": found["MemAvailable:"]}
    except (OSError, ValueError, KeyError):
        return None


def _disk(folder: Path) -> Disk | None:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return {"total": usage.total, "free": usage.free}
