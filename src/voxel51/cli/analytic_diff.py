"""``voxel51 analytics diff``: compare labels and speed of two versions on videos that the older one has analysed."""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.cli.analytic_names import find_analytic
from voxel51.cli.parsing import Commands, command
from voxel51.cli.printing import Printer, table
from voxel51.cli.profiles import client
from voxel51.users.api import API
from voxel51.users.query import JobsQuery
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticRecord
from voxel51.wire.jobs import JobRecord

RECENT_JOBS = 500
"""Jobs among which past runs are looked for."""

_FIELDS = ("id", "analytic_id", "state", "expired", "start_date", "completion_date", "duration_seconds", "inputs")
_HEADERS = ("video", "same labels", "both", "only old", "only new", "s per min old", "s per min new")


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """Difference between two versions on one video.

    Attributes:
        video: name of the file.
        is_equal: whether all labels are equal, attributes included, and only their provenance differs.
        both, only_old, only_new: number of boxes and events.
        old_speed, new_speed: run time in seconds per minute of video; None where the duration is unknown.
    """

    video: str
    is_equal: bool
    both: int
    only_old: int
    only_new: int
    old_speed: float | None
    new_speed: float | None


def add_to(verbs: Commands) -> None:
    """Add the command to the noun ``analytics``."""
    diff = command(verbs, "diff", _diff, "compare labels and speed of two versions on your own past videos")
    diff.add_argument("old", metavar="OLD", help="older version, NAME@VERSION; its last videos are taken")
    diff.add_argument("new", metavar="NEW", help="newer version, NAME@VERSION; it runs where it has not run yet")
    diff.add_argument("--limit", metavar="N", type=int, default=5, help="number of videos (default: 5)")


def _diff(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        old, new = find_analytic(api, options.old), find_analytic(api, options.new)
        past = _past_jobs(api)
        before = _distinct([job for job in past if job["analytic_id"] == old["id"]])[: options.limit]
        if not before:
            raise ValueError(f"none of your last {RECENT_JOBS} jobs is a complete one of {options.old}")
        printer.remark(f"Comparing {options.old} with {options.new} on {len(before)} video(s)")
        after = _run_again(api, new, before, [job for job in past if job["analytic_id"] == new["id"]])
        found = [_compared(api, *pair) for pair in zip(before, after, strict=True)]
    rows = [tuple(getattr(each, name) for name in VersionDifference.__slots__) for each in found]
    document = [dict(zip(VersionDifference.__slots__, row, strict=True)) for row in rows]
    printer.result(table(rows, _HEADERS), document)
    return printer.finish()


def _past_jobs(api: API) -> list[JobRecord]:
    """Return the complete jobs among the last ones, the newest first."""
    query = JobsQuery().sort_by("upload_date").set_limit(RECENT_JOBS)
    query.fields += [*_FIELDS]
    return [job for job in api.query_jobs(query)["jobs"] if job["state"] == "COMPLETE" and not job["expired"]]


def _distinct(jobs: Sequence[JobRecord]) -> list[JobRecord]:
    """Return the newest job of each set of inputs."""
    newest: dict[object, JobRecord] = {}
    for job in jobs:
        newest.setdefault(_inputs_of(job), job)
    return [*newest.values()]


def _inputs_of(job: JobRecord) -> object:
    return frozenset((each["name"], each["data_id"]) for each in job["inputs"])


def _run_again(
    api: API, new: AnalyticRecord, before: Sequence[JobRecord], known: Sequence[JobRecord]
) -> list[JobRecord]:
    """Return a complete job of ``new`` for each job before, with the same inputs and parameters.

    Raises:
        RuntimeError: a job failed.
    """
    ids = []
    for job in before:
        request = api.get_job_request(job["id"])
        request.analytic, request.version = new["name"], new["version"]
        wanted = request.to_dict()
        same = (each["id"] for each in known if _inputs_of(each) == _inputs_of(job))
        existing = next((each for each in same if api.get_job_request(each).to_dict() == wanted), None)
        ids.append(existing or api.upload_job_request(request, "analytics diff", auto_start=True)["id"])
    for ended in api.wait(ids):
        if ended["state"] != "COMPLETE":
            raise RuntimeError(f"job {ended['id']} of {new['name']} failed: {ended.get('failure_message')}")
    return [api.get_job_details(job_id) for job_id in ids]


def _compared(api: API, before: JobRecord, after: JobRecord) -> VersionDifference:
    from voxel51.labels.compare import compare
    from voxel51.labels.label_table import read_table
    from voxel51.labels.streaming import have_equal_content

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("old.json", "new.json")]
        for job, path in zip((before, after), paths, strict=True):
            api.download_job_output(job["id"], path)
        first, second = (read_table(path) for path in paths)
        found, is_equal = compare(first, second), have_equal_content(*paths)
    boxes, events = found.boxes.values(), found.events.values()
    return VersionDifference(
        video=before["inputs"][0]["filename"] or before["id"],
        is_equal=is_equal,
        both=sum(each.both for each in boxes) + sum(each.both for each in events),
        only_old=sum(each.only_first for each in boxes) + sum(len(each.only_first) for each in events),
        only_new=sum(each.only_second for each in boxes) + sum(len(each.only_second) for each in events),
        old_speed=_speed(before),
        new_speed=_speed(after),
    )


def _speed(job: JobRecord) -> float | None:
    """Return the run time in seconds per minute of video."""
    duration, start, end = job.get("duration_seconds"), job["start_date"], job["completion_date"]
    if not duration or start is None or end is None:
        return None
    return round((dates.from_text(end) - dates.from_text(start)).total_seconds() / duration * 60, 1)
