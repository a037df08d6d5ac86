"""Jobs as callers see them: one no-op job from its submission to the return of ``wait``, and many that are queued.

Both alternate with the bare start of an interpreter. ``BENCH_PEERS=1`` adds RQ (a fork per job) and Procrastinate (a
subprocess per job), which are installed in a folder of their own together with the servers that they need.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.no_op_job import interpreter_ms, with_no_op
from benchmarks.support.figures import Figure
from benchmarks.support.job_peers import Peer, running_peers
from demo.platform_process import PlatformProcess
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

RUNS = 40
WARM_UP = 5
PAUSE_SECONDS = 0.25
"""Time between two single jobs, in which the platform prepares the processes of the next one."""

QUEUED = 300
AT_ONCE = 2
ROUNDS = 3


def measure() -> list[Figure]:
    with _open_platform() as api, running_peers(bool(os.environ.get("BENCH_PEERS"))) as peers:
        single = [(_job_ms(api), interpreter_ms()) for _ in range(WARM_UP + RUNS)][WARM_UP:]
        rounds = [(_jobs_per_second(api), _starts_per_second(), *map(_rate_of, peers)) for _ in range(ROUNDS)]
    ours, bare, *others = zip(*rounds, strict=True)
    jobs, interpreters = zip(*single, strict=True)
    names = ["bare interpreter starts", *(peer.name for peer in peers)]
    return [
        Figure("no-op job, submission to `wait`", "ms", jobs, "python -I -S -c pass", interpreters, "≤ 3"),
        *(
            Figure(f"{QUEUED} no-op jobs, {AT_ONCE} at a time", "/s", ours, name, rates, "> 1 against queues")
            for name, rates in zip(names, [bare, *others], strict=True)
        ),
    ]


@contextmanager
def _open_platform() -> Iterator[API]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        limits = {"VOXEL51_SERVER_CONCURRENCY": str(AT_ONCE), "VOXEL51_SERVER_REQUESTS_PER_SECOND": "0"}
        with PlatformProcess(folder / "data", environment={**with_no_op(folder), **limits}) as platform:
            token = platform.create_user("bench", folder / "token.json")
            with API(token=Token.from_json(str(token))) as api:
                yield api


def _job_ms(api: API) -> float:
    time.sleep(PAUSE_SECONDS)
    started = time.perf_counter()
    job = api.upload_job_request(JobRequest("bench/no-op"), "no-op", auto_start=True)
    api.wait_until_job_completes(job["id"])
    return (time.perf_counter() - started) * 1e3


def _jobs_per_second(api: API) -> float:
    """Return the rate from the start of jobs that were submitted before to the end of the last."""
    jobs = [api.upload_job_request(JobRequest("bench/no-op"), "no-op")["id"] for _ in range(QUEUED)]
    started = time.perf_counter()
    api.batch_start_jobs(jobs)
    for _ in api.wait(sorted(jobs)[-AT_ONCE:]):  # jobs that were queued together are started in the order of their ids
        pass
    return QUEUED / (time.perf_counter() - started)


def _starts_per_second() -> float:
    def start_all() -> None:
        for _ in range(QUEUED // AT_ONCE):
            interpreter_ms()

    threads = [threading.Thread(target=start_all) for _ in range(AT_ONCE)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return QUEUED / (time.perf_counter() - started)


def _rate_of(peer: Peer) -> float:
    return QUEUED / peer.seconds(QUEUED, AT_ONCE)
