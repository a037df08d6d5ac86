"""Cost of the sandbox: a no-op job with and without it, one at a time and eight at once, alternating.

One at a time, the next job's namespaces are made in advance; of eight at once, seven wait for theirs. Skipped where the
machine offers no sandbox.
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.no_op_job import job_ms, with_no_op
from benchmarks.support.figures import Figure
from demo.platform_process import PlatformProcess
from voxel51.runners.sandbox.policy import SandboxKind
from voxel51.runners.sandbox.probe import examine
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

RUNS = 20
WARM_UP = 3
AT_ONCE = 8
POLL_SECONDS = 0.02


def measure() -> list[Figure]:
    kind = examine().kind
    if kind is SandboxKind.NONE:
        return []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voxel51-bench-")))
        environment = with_no_op(folder)
        apis = [_api(stack, folder / name, {**environment, "VOXEL51_SERVER_SANDBOX": name}) for name in (kind, "none")]
        single, several = _pairs(apis, job_ms), _pairs(apis, _burst_ms)
    added = [ours - other for ours, other in zip(*single, strict=True)]
    print(f"the sandbox adds {median(added):.1f} ms to a no-op job (goal: at most 25 ms)")
    return [
        Figure(f"no-op job in the sandbox '{kind}'", "ms", single[0], "no sandbox", single[1], "+ ≤ 25 ms"),
        Figure(f"{AT_ONCE} no-op jobs at once, each", "ms", several[0], "no sandbox", several[1], "+ ≤ 25 ms"),
    ]


def _api(stack: ExitStack, folder: Path, environment: dict[str, str]) -> API:
    folder.mkdir()
    platform = stack.enter_context(PlatformProcess(folder / "data", environment=environment))
    token = platform.create_user("bench", folder / "token.json")
    return stack.enter_context(API(token=Token.from_json(str(token))))


def _pairs(apis: list[API], measured: Callable[[API], float]) -> tuple[list[float], list[float]]:
    pairs = [(measured(apis[0]), measured(apis[1])) for _ in range(WARM_UP + RUNS)][WARM_UP:]
    return [ours for ours, _ in pairs], [other for _, other in pairs]


def _burst_ms(api: API) -> float:
    started = time.perf_counter()
    request = JobRequest("bench/no-op")
    waiting = {api.upload_job_request(request, "no-op", auto_start=True)["id"] for _ in range(AT_ONCE)}
    while waiting:
        waiting -= {job_id for job_id in waiting if api.get_job_details(job_id)["state"] == "COMPLETE"}
        time.sleep(POLL_SECONDS)
    return (time.perf_counter() - started) * 1e3 / AT_ONCE
