"""``voxel51 server reload``: make newly installed packages available on the running platform."""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.cli.server.shared import add_folder, fail, guarded, settings

if TYPE_CHECKING:
    from voxel51.server.reload_report import ReloadReport

_POLL_SECONDS = 0.1


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    text = "make packages that were installed, upgraded or removed take effect, without a restart"
    reload = verbs.add_parser("reload", help=text)
    add_folder(reload)
    reload.add_argument("--json", action="store_true", help="print the result as one JSON document")
    reload.set_defaults(run=guarded(_reload))


def _reload(options: argparse.Namespace) -> int:
    from voxel51.server.data_folder import running_process

    folder = settings(options).folder
    process = running_process(folder)
    if process is None:
        return fail(f"no platform runs in {folder}. Its next start finds the installed packages by itself")
    if not process.can_reload:
        return fail("this platform is still starting, or is of a version that cannot reload; wait, or restart it")
    asked_at = time.monotonic()
    os.kill(process.pid, signal.SIGHUP)
    report = _wait_for_report(folder, asked_at)
    if report is None:
        return fail("the platform stopped before it had reloaded")
    if options.json:
        print(json.dumps({name: value for name, value in report.items() if name != "started_at"}, indent=2))
    else:
        _print(report)
    return 1 if report["failure"] or report["errors"] else 0


def _wait_for_report(folder: Path, asked_at: float) -> "ReloadReport | None":
    """Return the report of a reload that began after ``asked_at``; None if the platform stops before."""
    from voxel51.server.data_folder import FolderLock
    from voxel51.server.reload_report import read_report

    while True:
        is_running = FolderLock(folder).is_held()
        report = read_report(folder)
        if report is not None and report["started_at"] >= asked_at:
            return report
        if not is_running:
            return None
        time.sleep(_POLL_SECONDS)


def _print(report: "ReloadReport") -> None:
    if report["failure"]:
        fail(f"nothing was reloaded: {report['failure']}")
        return
    for kind in ("added", "changed", "removed"):
        for name in report[kind]:
            print(f"{kind:8} {name}")
    for name, error in report["errors"].items():
        print(f"voxel51: the analytic {name} cannot be used: {error}", file=sys.stderr)
    print("The installed packages are reloaded")
