"""``voxel51 server stop``: stop the platform of a data folder, at once or after its running jobs."""

import argparse
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from voxel51.cli.server.shared import add_folder, fail, guarded, settings

_POLL_SECONDS = 0.1


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    stop = verbs.add_parser("stop", help="stop the platform; jobs that run start again with the next start")
    add_folder(stop)
    stop.add_argument("--drain", action="store_true", help="let the running jobs finish first; queued jobs wait")
    stop.add_argument(
        "--timeout", metavar="SECONDS", type=float, help="longest wait for the running jobs (default: no limit)"
    )
    stop.set_defaults(run=guarded(_stop))


def _stop(options: argparse.Namespace) -> int:
    from voxel51.server.data_folder import running_process

    if options.timeout is not None and not options.drain:
        return fail("--timeout is how long --drain waits for running jobs; give both, or neither")
    folder = settings(options).folder
    process = running_process(folder)
    if process is None:
        print("The platform is not running")
        return 0
    if options.drain and not process.can_drain:
        return fail("this platform is of a version that cannot drain; stop it without --drain")
    _signal(process.pid, signal.SIGUSR1 if options.drain else signal.SIGTERM)
    if options.drain and not _wait_until_stopped(folder, options.timeout):
        print(f"Jobs still run after {options.timeout:g} s: they are stopped, and start again with the platform")
        _signal(process.pid, signal.SIGTERM)
    _wait_until_stopped(folder, None)
    print("The platform has stopped")
    return 0


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has stopped by itself meanwhile
        os.kill(pid, number)


def _wait_until_stopped(folder: Path, seconds: float | None) -> bool:
    """Return whether the platform has stopped, at the latest after ``seconds`` (None: no limit)."""
    from voxel51.server.data_folder import FolderLock

    deadline = None if seconds is None else time.monotonic() + seconds
    while FolderLock(folder).is_held():
        if deadline is not None and time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
