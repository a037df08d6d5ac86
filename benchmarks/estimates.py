"""Estimates of jobs: how far the expected end is off, before a job starts and after its first tenth.

Jobs of an analytic run on parts of one video, of several lengths. The first ones are the history from which the
platform learns. The others are queued together for one slot, so an estimate covers the wait and the run. The error of
an estimate is its distance from the end of the job, as a share of the time from the estimate to that end.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from benchmarks.support.figures import Figure
from demo.platform_process import PlatformProcess
from footage.fetch import fetch
from footage.repeating import repeated
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest
from voxel51.wire import dates
from voxel51.wire.jobs import JobRecord

ANALYTICS = ("voxel51/motion-tracks", "voxel51/object-tracks")
"""Analytics whose jobs run for some seconds: those of a fraction of a second end before anyone reads an estimate."""
LEARNED_SECONDS = (4, 8, 16, 24)
"""Lengths of the parts from which the platform learns."""

REPETITIONS = 3
"""Times that the video of 10 s is repeated."""

QUEUED_SECONDS = (6, 12, 20, 10, 28, 14)
POLL_SECONDS = 0.2
FIRST_TENTH = 0.1
MOST_ERROR_BEFORE, MOST_ERROR_RUNNING = 40.0, 20.0


def measure() -> list[Figure]:
    before: list[float] = []
    running: list[float] = []
    with _open_platform() as api:
        with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
            video = api.upload_data(repeated(fetch() / "bikes.mp4", Path(name) / "bikes.mp4", REPETITIONS))["id"]
        for analytic in ANALYTICS:
            for seconds in LEARNED_SECONDS:
                [_] = api.wait([_submit(api, analytic, video, seconds)])
            errors = _errors(api, [_submit(api, analytic, video, seconds) for seconds in QUEUED_SECONDS])
            print(f"{analytic}: {errors}", file=sys.stderr)
            before += errors[0]
            running += errors[1]
    goals = (("before the start", before, MOST_ERROR_BEFORE), ("after the first tenth", running, MOST_ERROR_RUNNING))
    return [
        Figure(f"error of the estimated end, {when}", "%", errors, "goal", [goal] * len(errors), "< 1")
        for when, errors, goal in goals
    ]


def _errors(api: API, job_ids: Sequence[str]) -> tuple[list[float], list[float]]:
    """Follow jobs to their end; return the errors in percent, before the start and after the first tenth."""
    queued: dict[str, tuple[float, datetime]] = {}
    progressed: dict[str, tuple[float, datetime]] = {}
    ended: dict[str, JobRecord] = {}
    while len(ended) < len(job_ids):
        for job_id in job_ids:
            job = api.get_job_details(job_id)
            estimate = job.get("estimated_completion")
            fraction = (job.get("progress") or {}).get("fraction", 0.0)
            if job["state"] in {"COMPLETE", "FAILED"}:
                ended[job_id] = job
            elif estimate and job["state"] == "QUEUED":
                queued.setdefault(job_id, (time.time(), dates.from_text(estimate)))
            elif estimate and FIRST_TENTH <= fraction < 1:
                progressed.setdefault(job_id, (time.time(), dates.from_text(estimate)))
        time.sleep(POLL_SECONDS)
    return _shares(queued, ended), _shares(progressed, ended)


def _shares(estimates: dict[str, tuple[float, datetime]], ended: dict[str, JobRecord]) -> list[float]:
    errors = []
    for job_id, (made_at, expected) in estimates.items():
        end = dates.from_text(ended[job_id]["completion_date"] or "").timestamp()
        errors.append(round(abs(expected.timestamp() - end) / (end - made_at) * 100, 1))
    return errors


def _submit(api: API, analytic: str, data_id: str, seconds: float) -> str:
    request = JobRequest(analytic)
    request.set_input("video", data_id=data_id)
    request.set_parameter("end_seconds", seconds)
    return api.upload_job_request(request, f"{seconds} s", auto_start=True)["id"]


@contextmanager
def _open_platform() -> Iterator[API]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        limits = {"VOXEL51_SERVER_CONCURRENCY": "1", "VOXEL51_SERVER_REQUESTS_PER_SECOND": "0"}
        with PlatformProcess(Path(name) / "data", environment=limits) as platform:
            token = platform.create_user("bench", Path(name) / "token.json")
            with API(token=Token.from_json(str(token))) as api:
                yield api
