"""``voxel51 server usage``: what each owner stored and ran, by month."""

import argparse
import sys

from voxel51.cli.server.shared import add_folder, guarded, open_platform, settings


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    summary = "write the usage of all owners by month as CSV, for accounting"
    usage = verbs.add_parser("usage", help=summary, description=f"{summary.capitalize()}. Months are in UTC.")
    usage.add_argument("--from", dest="first", metavar="MONTH", help="first month, such as 2026-01 (default: --to)")
    usage.add_argument("--to", dest="last", metavar="MONTH", help="last month (default: the present one)")
    add_folder(usage)
    usage.set_defaults(run=guarded(_write))


def _write(options: argparse.Namespace) -> int:
    from datetime import timedelta

    from voxel51.server.usage.ledger import UsageLedger
    from voxel51.server.usage.months import month_of
    from voxel51.wire import dates

    last = options.last or month_of(dates.now())
    ledger = UsageLedger(open_platform(options), timedelta(days=settings(options).usage_retention_days))
    try:
        sys.stdout.write(ledger.table(options.first or last, last))
    except ValueError as error:
        raise RuntimeError(str(error)) from None
    return 0
