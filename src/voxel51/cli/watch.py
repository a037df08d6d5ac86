"""``voxel51 jobs watch``: show the live progress of jobs."""

import argparse
import json
import sys
from collections.abc import Sequence

from voxel51.cli.live import JobProgressDisplay, ProgressDisplay, fraction_of, message_of
from voxel51.cli.parsing import Commands, command
from voxel51.cli.printing import Printer
from voxel51.cli.profiles import client
from voxel51.users.api import API
from voxel51.users.progress import JobProgress
from voxel51.wire.jobs import JobRecord
from voxel51.wire.tasks import TaskStatusDocument

_EXAMPLES = """\
  voxel51 jobs watch
  voxel51 jobs watch ID1 ID2
  voxel51 jobs watch --json | jq .state"""
_ACTIVE = "state:QUEUED|SCHEDULED|RUNNING,archived:False"


def add_watch(verbs: Commands) -> None:
    """Add the command."""
    watch = command(
        verbs, "watch", _watch, "show the progress of jobs until they end; exits with 1 if a job fails", _EXAMPLES
    )
    watch.add_argument("ids", metavar="ID", nargs="*", help="id of a job (default: all waiting and running jobs)")


def _watch(options: argparse.Namespace) -> int:
    states: dict[str, str] = {}
    with client(options) as api:
        job_ids = list(dict.fromkeys(options.ids)) or _active_jobs(api)
        for job in api.wait(job_ids, progress=_progress_callback(options)):
            states[job["id"]] = job["state"]
    if not options.json:
        _print_summary(Printer(options), states)
    return 1 if "FAILED" in states.values() else 0


def _active_jobs(api: API) -> Sequence[str]:
    from voxel51.users.query import JobsQuery

    query = JobsQuery().add_field("id").add_search_direct(_ACTIVE).sort_by("upload_date", descending=False)
    return [job["id"] for job in api.iter_jobs(query)]


def _progress_callback(options: argparse.Namespace) -> JobProgress:
    if options.json:
        return JobLines()
    return (lambda _job, _status: None) if options.quiet else JobProgressDisplay(ProgressDisplay())


def _print_summary(printer: Printer, states: dict[str, str]) -> None:
    if not states:
        printer.remark("No waiting or running jobs")
    elif printer.is_quiet:
        printer.result("\n".join(f"{job_id}  {state}" for job_id, state in states.items()), states)


class JobLines:
    """Prints a line of JSON whenever the state, progress or message of a job changes."""

    def __init__(self) -> None:
        self._printed: dict[str, object] = {}

    def __call__(self, job: JobRecord, status: TaskStatusDocument | None) -> None:
        """Print the state of a job if it changed since the last call."""
        current = {
            "id": job["id"],
            "name": job["name"],
            "state": job["state"],
            "fraction": fraction_of(job, status),
            "message": message_of(status),
        }
        if self._printed.get(job["id"]) != current:
            self._printed[job["id"]] = current
            sys.stdout.write(json.dumps(current) + "\n")
            sys.stdout.flush()
