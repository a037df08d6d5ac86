"""Warm models: a job that loads a model, from its submission to the return of ``wait``, with and without ``warm=True``.

The two analytics have the same code, and their jobs alternate. Before the first measured job, the platform has set up
what the warm ones share.
"""

import os
import tempfile
import time
from pathlib import Path

from benchmarks.support.figures import Figure
from demo.platform_process import PlatformProcess
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

RUNS = 20
WARM_UP = 3
PAUSE_SECONDS = 0.5
"""Time between two jobs, in which the platform prepares the processes of the next one."""


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        with PlatformProcess(folder / "data", environment=_with_models(folder)) as platform:
            token = platform.create_user("bench", folder / "token.json")
            with API(token=Token.from_json(str(token))) as api:
                pairs = [(_job_ms(api, "warm"), _job_ms(api, "cold")) for _ in range(WARM_UP + RUNS)][WARM_UP:]
    warm, cold = zip(*pairs, strict=True)
    return [Figure("job with a model of 7 MB, warm", "ms", warm, "cold", cold, "< 0.5")]


def _with_models(folder: Path) -> dict[str, str]:
    """Return an environment in which the two analytics are installed."""
    info = folder / "installed" / "bench_models-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-models\nVersion: 1.0\n")
    lines = [f"bench/{name}-model = benchmarks.support.model_analytics:{name}" for name in ("cold", "warm")]
    (info / "entry_points.txt").write_text("\n".join(["[voxel51.analytics]", *lines, ""]))
    root = Path(__file__).resolve().parent.parent
    return {"PYTHONPATH": f"{info.parent}{os.pathsep}{root}"}


def _job_ms(api: API, name: str) -> float:
    time.sleep(PAUSE_SECONDS)
    started = time.perf_counter()
    job = api.upload_job_request(JobRequest(f"bench/{name}-model"), name, auto_start=True)
    api.wait_until_job_completes(job["id"])
    return (time.perf_counter() - started) * 1e3
