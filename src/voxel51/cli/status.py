"""``voxel51 status``: whether the platform works."""

import argparse
from typing import Any

from voxel51.cli.parsing import Commands, command
from voxel51.cli.printing import Printer, table
from voxel51.cli.profiles import client


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = command(commands, "status", _status, "show whether the platform works")
    parser.add_argument("-p", "--platform", action="store_true", help="the platform alone")
    parser.add_argument("-j", "--jobs-cluster", action="store_true", help="what runs jobs alone")


def _status(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        statuses: dict[str, Any] = dict(api.get_platform_status())
    asked = [name for name, is_asked in (("platform", options.platform), ("jobs", options.jobs_cluster)) if is_asked]
    if asked:
        printer.result("\n".join(str(statuses[name]) for name in asked), {name: statuses[name] for name in asked})
        return printer.finish()
    rows = [[name, entry["operational"], entry.get("message")] for name, entry in statuses.items()]
    printer.result(table(rows, ["service", "operational", "message"]), statuses)
    return printer.finish()
