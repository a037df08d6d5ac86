"""Options of the command line that say when and how often a job runs."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxel51.users.scheduling import Scheduling

_NAMES = ("priority", "deadline", "timeout", "not_before", "retries")


def add_scheduling_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("scheduling")
    group.add_argument(
        "--priority",
        metavar="N",
        type=int,
        help="from -100 to 100; your jobs with the highest start first (default: 0)",
    )
    group.add_argument("--deadline", metavar="DATE", help="cancel jobs that have not finished by then (ISO 8601)")
    group.add_argument("--timeout", metavar="SECONDS", type=float, help="limit of the time that a job may run")
    group.add_argument("--not-before", metavar="DATE", help="hold jobs in the queue until then (ISO 8601)")
    group.add_argument("--retries", metavar="N", type=int, help="run failed jobs again up to N times (default: 0)")


def _given(options: argparse.Namespace) -> Sequence[str]:
    """Return the names of the options that the command line specifies."""
    return [f"--{name.replace('_', '-')}" for name in _NAMES if getattr(options, name) is not None]


def scheduling_of(options: argparse.Namespace) -> "Scheduling | None":
    """Return the scheduling options that the command line specifies; None without any."""
    from voxel51.users.scheduling import Scheduling

    if not _given(options):
        return None
    return Scheduling(
        priority=options.priority or 0,
        deadline=options.deadline,
        timeout_seconds=options.timeout,
        not_before=options.not_before,
        retries=options.retries or 0,
    )
