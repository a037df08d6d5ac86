"""Jobs on Ray: no-op jobs through the platform, beside Ray tasks that start a bare interpreter each, alternating.

Both run two at a time on the same node of one cluster. The platform's jobs are complete ones: sandboxed children that
report to the database. Skipped without Ray.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from benchmarks.no_op_job import with_no_op
from benchmarks.support.figures import Figure
from demo.platform_process import COMMAND, PlatformProcess
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

QUEUED = 100
ROUNDS = 5
WARM_UP = 1
PORT = 26379
ADDRESS = f"127.0.0.1:{PORT}"

BY_HAND = """
import subprocess, sys, time
import ray

ray.init(address=sys.argv[1], _node_ip_address="127.0.0.1", log_to_driver=False, configure_logging=False)

@ray.remote(num_cpus=1)
def start():
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)

ray.get([start.remote() for _ in range(4)])
print("ready", flush=True)
for line in sys.stdin:
    started = time.perf_counter()
    ray.get([start.remote() for _ in range(int(line))])
    print(time.perf_counter() - started, flush=True)
"""


def measure() -> list[Figure]:
    if find_spec("ray") is None:
        return []
    with tempfile.TemporaryDirectory(prefix="v51b") as name:
        folder = Path(name)
        token = secrets.token_hex(32)
        variables = {**os.environ, **with_no_op(folder), "VOXEL51_WORKER_TOKEN": token}
        with _head(folder, variables), _tasks(variables | _ray(token)) as tasks, _jobs(folder, token) as api:
            pairs = [(_jobs_per_second(api), _tasks_per_second(tasks)) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
    ours, others = [one for one, _ in pairs], [other for _, other in pairs]
    return [
        Figure(f"{QUEUED} no-op jobs on Ray, 2 at a time", "/s", ours, "Ray task + bare interpreter", others, "≥ 1")
    ]


def _ray(token: str) -> dict[str, str]:
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_USAGE_STATS_ENABLED": "0"}


@contextmanager
def _head(folder: Path, variables: dict[str, str]) -> Iterator[None]:
    options: list[str | Path] = [
        "--address",
        ADDRESS,
        "--head",
        "--cpus",
        "2",
        "--dir",
        folder / "w",
        f"--ray-option=--temp-dir={folder / 'r'}",
    ]
    with (folder / "head.log").open("wb") as log:
        command: list[str | Path] = [COMMAND, "worker", "start", *options]
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _tasks(variables: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    deadline = time.monotonic() + 120
    command = [sys.executable, "-c", BY_HAND, ADDRESS]
    while True:
        process = subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        if process.stdout.readline().strip() == "ready":
            break
        process.wait()
        assert time.monotonic() < deadline, "the head of the cluster did not start"
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def _jobs(folder: Path, token: str) -> Iterator[API]:
    data = folder / "data"
    data.mkdir()
    (data / "worker-token").write_text(token)
    environment = {**_no_op_paths(folder), "VOXEL51_SERVER_REQUESTS_PER_SECOND": "0"}
    with PlatformProcess(data, "--engine", "ray", "--ray-address", ADDRESS, environment=environment) as platform:
        user = platform.create_user("bench", folder / "token.json")
        with API(token=Token.from_json(str(user))) as api:
            yield api


def _no_op_paths(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": f"{folder / 'installed'}{os.pathsep}{Path(__file__).resolve().parent.parent}"}


def _jobs_per_second(api: API) -> float:
    jobs = [api.upload_job_request(JobRequest("bench/no-op"), "no-op")["id"] for _ in range(QUEUED)]
    started = time.perf_counter()
    api.batch_start_jobs(jobs)
    for _ in api.wait(jobs):
        pass
    return QUEUED / (time.perf_counter() - started)


def _tasks_per_second(tasks: "subprocess.Popen[str]") -> float:
    assert tasks.stdin is not None
    assert tasks.stdout is not None
    tasks.stdin.write(f"{QUEUED}\n")
    tasks.stdin.flush()
    return QUEUED / float(tasks.stdout.readline())
