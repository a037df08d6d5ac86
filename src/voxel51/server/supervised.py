"""Supervised process: one of the processes of a start with several, as `voxel51.server.supervisor` starts it.

It reads its orders from standard input, which stays open for as long as the supervisor lives, and reports on standard
output.
"""

import json
import logging
import os
import socket
import sys
from pathlib import Path
from typing import NotRequired, TypedDict

import msgspec

from voxel51.server import logs
from voxel51.server.addresses import Addresses
from voxel51.server.settings import Settings

log = logging.getLogger(__name__)


class Orders(TypedDict):
    """First line of standard input.

    Attributes:
        settings: JSON of the settings of this process.
        start_id: id of the start.
        name: name of this process.
        public_url, job_url: addresses of the platform.
        metrics_folder: folder for the metrics that the processes share.
        counts_jobs: whether this process counts the jobs for all.
        sockets: inherited descriptors of the listening sockets: for users, and for jobs.
    """

    settings: str
    start_id: str
    name: str
    public_url: str
    job_url: str
    metrics_folder: str
    counts_jobs: bool
    sockets: list[int]


class Report(TypedDict):
    """Line of standard output: the process is ready, or says why it cannot start."""

    ready: bool
    failure: NotRequired[str]


def main() -> int:
    """Run the process."""
    lifeline, reports = _take_over_streams()
    orders: Orders = json.loads(_read_line(lifeline))
    settings = msgspec.json.decode(orders["settings"], type=Settings)
    os.umask(0o077)  # files of the platform are readable only by its user
    logs.configure(settings.log_format, orders["name"])
    try:
        _serve(settings, orders, lifeline, reports)
    except (OSError, RuntimeError) as error:
        log.critical("%s cannot run: %s", orders["name"], error)
        _report(reports, {"ready": False, "failure": str(error)})
        return 1
    return 0


def _serve(settings: Settings, orders: Orders, lifeline: int, reports: int) -> None:
    from voxel51.server.app import build_platform  # noqa: PLC0415  (after the log is configured)
    from voxel51.server.serving import Listeners, serve_platform  # noqa: PLC0415
    from voxel51.server.wiring.discovery import discover  # noqa: PLC0415
    from voxel51.server.wiring.foundation import ProcessOfStart  # noqa: PLC0415

    addresses = Addresses(public_url=orders["public_url"], job_url=orders["job_url"])
    start = ProcessOfStart(
        orders["start_id"], orders["name"], Path(orders["metrics_folder"]), counts_jobs=orders["counts_jobs"]
    )
    platform = build_platform(settings, addresses, discover(settings), start)
    try:
        listeners = Listeners(*(socket.socket(fileno=descriptor) for descriptor in orders["sockets"]))
        serve_platform(platform, settings, listeners, lambda: _report(reports, {"ready": True}), lifeline)
    finally:
        platform.close()


def _take_over_streams() -> tuple[int, int]:
    """Return descriptors of the two pipes that children do not inherit, and detach the standard streams from them."""
    lifeline, reports = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return lifeline, reports


def _read_line(descriptor: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(descriptor, 65536) or b"\n"
    return line


def _report(descriptor: int, report: Report) -> None:
    os.write(descriptor, json.dumps(report).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
