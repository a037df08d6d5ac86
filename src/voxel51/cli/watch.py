"""``voxel51 jobs watch``: what becomes of jobs, while it happens."""

import argparse
import json
import sys
from collections.abc import Sequence

from voxel51.cli.live import Board, JobBoard, fraction_of, message_of
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
_GOING_ON = "state:QUEUED|SCHEDULED|RUNNING,archived:False"


def add_watch(verbs: Commands) -> None:
    """Add the command."""
    watch = command(
        verbs, "watch", _watch, "show how far jobs are until they have ended; fails if one of them does", _EXAMPLES
    )
    watch.add_argument("ids", metavar="ID", nargs="*", help="id of a job (default: all that wait or run)")


def _watch(options: argparse.Namespace) -> int:
    from voxel51.users.waiting import LONGEST_PAUSE_SECONDS, LookSchedule, ends_of

    states: dict[str, str] = {}
    with client(options) as api:
        job_ids = list(dict.fromkeys(options.ids)) or _going_on(api)
        schedule = LookSchedule(LONGEST_PAUSE_SECONDS, None, overtime=0)
        for job in api._iterate(ends_of(job_ids, schedule, _shown(options))):
            states[job["id"]] = job["state"]
    if not options.json:
        _sum_up(Printer(options), states)
    return 1 if "FAILED" in states.values() else 0


def _going_on(api: API) -> Sequence[str]:
    from voxel51.users.query import JobsQuery

    query = JobsQuery().add_field("id").add_search_direct(_GOING_ON).sort_by("upload_date", descending=False)
    return [job["id"] for job in api.query_jobs(query)["jobs"]]


def _shown(options: argparse.Namespace) -> JobProgress:
    if options.json:
        return JobLines()
    return (lambda _job, _status: None) if options.quiet else JobBoard(Board())


def _sum_up(printer: Printer, states: dict[str, str]) -> None:
    if not states:
        printer.remark("No job waits or runs")
    elif printer.is_quiet:
        printer.result("\n".join(f"{job_id}  {state}" for job_id, state in states.items()), states)


class JobLines:
    """A line of JSON whenever there is news of a job, for programs that read along."""

    def __init__(self) -> None:
        self._told: dict[str, object] = {}

    def __call__(self, job: JobRecord, status: TaskStatusDocument | None) -> None:
        """Tell where a job stands, if that is new."""
        news = {
            "id": job["id"],
            "name": job["name"],
            "state": job["state"],
            "fraction": fraction_of(job, status),
            "message": message_of(status),
        }
        if self._told.get(job["id"]) != news:
            self._told[job["id"]] = news
            sys.stdout.write(json.dumps(news) + "\n")
            sys.stdout.flush()
