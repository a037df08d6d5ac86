"""Cost of a no-op job: from queued to complete, one at a time, every report and sync included.

The limit beside it is the bare start of an interpreter: ``python -I -S -c pass`` of the same interpreter, started the
cheapest way that Python has (``posix_spawn``), alternating with the jobs.
"""

import os
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from benchmarks.support.figures import Figure
from demo.platform_process import PlatformProcess
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

RUNS = 60
WARM_UP = 10
POLL_SECONDS = 0.08
"""The time between two polls of a job: longer than a job takes, so that polling does not disturb it."""


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        with PlatformProcess(folder / "data", environment=with_no_op(folder)) as platform:
            token = platform.create_user("bench", folder / "token.json")
            with API(token=Token.from_json(str(token))) as api:
                pairs = [(job_ms(api), interpreter_ms()) for _ in range(WARM_UP + RUNS)][WARM_UP:]
    jobs, interpreters = zip(*pairs, strict=True)
    return [Figure("no-op job, queued to complete", "ms", jobs, "python -I -S -c pass", interpreters, "< 3")]


def with_no_op(folder: Path) -> dict[str, str]:
    """Return an environment in which the no-op analytic is installed."""
    info = folder / "installed" / "bench_no_op-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-no-op\nVersion: 1.0\n")
    entry_point = "bench/no-op = benchmarks.support.no_op_analytic:analytic"
    (info / "entry_points.txt").write_text(f"[voxel51.analytics]\n{entry_point}\n")
    root = Path(__file__).resolve().parent.parent
    return {"PYTHONPATH": f"{info.parent}{os.pathsep}{root}"}


def job_ms(api: API) -> float:
    job_id = api.upload_job_request(JobRequest("bench/no-op"), "no-op", auto_start=True)["id"]
    while (job := api.get_job_details(job_id))["state"] != "COMPLETE":
        assert job["state"] != "FAILED", api.get_job_status(job_id)
        time.sleep(POLL_SECONDS)
    queued, complete = (datetime.fromisoformat(str(job[field])) for field in ("upload_date", "completion_date"))
    return (complete - queued).total_seconds() * 1e3


def interpreter_ms() -> float:
    started = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-I", "-S", "-c", "pass"], os.environ)
    os.waitpid(pid, 0)
    return (time.perf_counter() - started) * 1e3
