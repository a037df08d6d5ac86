"""``voxel51 status``: show the status of the platform."""

import argparse
from typing import Any

from voxel51.cli.parsing import Parser, client_command
from voxel51.cli.printing import Printer, table
from voxel51.cli.profiles import client


def fill(parser: Parser) -> None:
    """Declare the arguments of the command."""
    client_command(parser, _status)
    parser.add_argument("-p", "--platform", action="store_true", help="show only the platform")
    parser.add_argument("-j", "--jobs-cluster", action="store_true", help="show only the job cluster")


def _status(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        statuses: dict[str, Any] = dict(api.get_platform_status())
    selected = [name for name, flag in (("platform", options.platform), ("jobs", options.jobs_cluster)) if flag]
    if selected:
        printer.result("\n".join(str(statuses[name]) for name in selected), {name: statuses[name] for name in selected})
        return printer.finish()
    rows = [[name, entry["operational"], entry.get("message")] for name, entry in statuses.items()]
    printer.result(table(rows, ["service", "operational", "message"]), statuses)
    return printer.finish()
