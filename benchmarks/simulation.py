"""Simulation of a large cluster: real claims, reports and settlements on PostgreSQL; only the nodes are simulated.

Some dispatcher processes take jobs of many owners from one queue. Each keeps as many attempts running as its share of
the nodes has slots, and lets the oldest one report and end when the next one starts, so that the tables have the sizes
and locks of a busy cluster. What a job costs is counted in processor time, of the dispatchers and of PostgreSQL: the
time by the clock depends on what else the machine does. Afterwards every job must have ended once, with its output.

``VOXEL51_SIMULATED_JOBS`` and ``VOXEL51_SIMULATED_NODES`` set other numbers; a node has four slots.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import func, select

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from benchmarks.support.figures import Figure
from support.job_services import JobServices, open_job_services, process_description
from support.postgresql import PostgreSQL, running_postgresql
from voxel51.server.accounts.callers import User
from voxel51.server.jobs.attempts import Attempt, ClaimedAttempt, Settlement
from voxel51.server.jobs.tables import attempts, jobs

ROOT = Path(__file__).resolve().parents[1]
JOBS = int(os.environ.get("VOXEL51_SIMULATED_JOBS", "2000"))
NODES = int(os.environ.get("VOXEL51_SIMULATED_NODES", "1000"))
SLOTS_OF_NODE = 4
OWNERS = 50
DISPATCHERS = (1, 2, 4)
JOBS_A_DAY = 1_000_000
_DURABLE = "-c fsync=on -c synchronous_commit=on -c full_page_writes=on"
_CLAIMED_AT_ONCE = 16
_SECONDS_OF_DAY = 24 * 3600


@dataclass(frozen=True)
class Run:
    """One run. Processor milliseconds are those of one job."""

    dispatchers: int
    seconds: float
    submit_ms: float
    dispatch_ms: float
    database_ms: float

    @property
    def jobs_per_second(self) -> float:
        """Jobs that ended per second by the clock."""
        return JOBS / self.seconds


def measure() -> list[Figure]:
    """Run the simulation with more and more dispatchers, print a table, and return figures of the first and last."""
    runs = [_run(number) for number in DISPATCHERS]
    print(_table(runs))
    first, last = runs[0], runs[-1]
    return [
        Figure(f"simulated jobs/s, {last.dispatchers} dispatchers", "jobs/s", [last.jobs_per_second],
               f"{first.dispatchers} dispatcher", [first.jobs_per_second], "> 1 with cores to spare"),
        Figure("processor time of a simulated job", "ms", [last.dispatch_ms + last.database_ms],
               f"{first.dispatchers} dispatcher", [first.dispatch_ms + first.database_ms], "< 2"),
    ]  # fmt: skip


def _table(runs: Sequence[Run]) -> str:
    circumstances = f"{JOBS} jobs of {OWNERS} owners, {NODES} nodes of {SLOTS_OF_NODE} slots"
    load = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.0f}"
    lines = [
        f"{circumstances}, {load}",
        "| dispatchers | jobs/s | submit, ms | dispatch, ms | PostgreSQL, ms | processors, million a day |",
        "|---|---|---|---|---|---|",
    ]
    for run in runs:
        processors = (run.submit_ms + run.dispatch_ms + run.database_ms) / 1000 * JOBS_A_DAY / _SECONDS_OF_DAY
        lines.append(
            f"| {run.dispatchers} | {run.jobs_per_second:.0f} | {run.submit_ms:.1f} | {run.dispatch_ms:.1f} "
            f"| {run.database_ms:.1f} | {processors:.2f} |"
        )
    return "\n".join(lines)


def _run(dispatchers: int) -> Run:
    with running_postgresql(_DURABLE) as server, tempfile.TemporaryDirectory(prefix="voxel51-simulation-") as name:
        folder, url = Path(name), server.database()
        database_before = _processor_seconds(server)
        with open_job_services(folder, url) as services:
            submit_ms = _submit(services)
        slots = max(1, NODES * SLOTS_OF_NODE // dispatchers)
        command = [sys.executable, "-m", "benchmarks.simulation", str(folder), url, str(slots)]
        processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(dispatchers)]
        reports = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
        seconds = max(report["seconds"] for report in reports)
        database_ms = 1000 * (_processor_seconds(server) - database_before) / JOBS
        with open_job_services(folder, url) as services:
            _check(services)
    dispatch_ms = 1000 * sum(report["processor_seconds"] for report in reports) / JOBS
    return Run(dispatchers, seconds, submit_ms, dispatch_ms, database_ms)


def _submit(services: JobServices) -> float:
    """Submit all jobs, a file of each owner being their input; return the processor milliseconds of one."""
    owners = [services.accounts.create_user(f"owner-{number}") for number in range(OWNERS)]
    requests = [_request(services, owner) for owner in owners]
    began = time.process_time()
    for number in range(JOBS):
        services.jobs.submit(owners[number % OWNERS], requests[number % OWNERS], f"job {number}", True, None)
    return 1000 * (time.process_time() - began) / JOBS


def _request(services: JobServices, owner: User) -> bytes:
    request = {"analytic": "voxel51/count", "inputs": {"video": {"data-id": services.add_data(owner)}}}
    return json.dumps(request).encode()


def _processor_seconds(server: PostgreSQL) -> float:
    """Return the processor time of the database server, those of its processes that have ended included."""
    total = 0.0
    for pid in server.process_ids():
        times = psutil.Process(pid).cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _check(services: JobServices) -> None:
    with services.database.read() as connection:
        states = dict(connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all())
        unsettled = connection.execute(select(func.count()).where(attempts.c.ended_at.is_(None))).scalar_one()
        tried = connection.execute(select(func.count()).select_from(attempts)).scalar_one()
        outputs = connection.execute(select(func.count()).where(attempts.c.output_key.is_not(None))).scalar_one()
    assert (states, unsettled, tried, outputs) == ({"COMPLETE": JOBS}, 0, JOBS, JOBS), (
        states,
        unsettled,
        tried,
        outputs,
    )


class Dispatcher:
    """Dispatcher whose nodes are simulated: it and its attempts make the real calls of the services."""

    def __init__(self, services: JobServices, slots: int) -> None:
        self._services = services
        self._slots = slots
        self._running: deque[tuple[ClaimedAttempt, Attempt]] = deque()

    def run(self) -> None:
        """Run jobs until the queue is empty."""
        while self._start() or self._running:
            for _ in range(min(_CLAIMED_AT_ONCE, len(self._running))):
                self._end(*self._running.popleft())

    def _start(self) -> int:
        """Start attempts until all slots are used or the queue is empty; return how many were started."""
        started = 0
        while free := self._slots - len(self._running):
            claims = self._services.attempts.claim(min(free, _CLAIMED_AT_ONCE))
            for claim in claims:
                attempt = self._services.reports.authenticate(claim.credential, claim.job_id)
                self._services.attempts.record_process(claim.attempt_id, os.getpid(), 0.0, "node")
                self._services.reports.report_state(attempt, "RUNNING", None)
                self._running.append((claim, attempt))
            started += len(claims)
            if not claims:
                break
        return started

    def _end(self, claim: ClaimedAttempt, attempt: Attempt) -> None:
        writer = self._services.storage.writer(f"outputs/{uuid.uuid4()}")
        writer.write(b"{}")
        self._services.reports.put_output(attempt.id, writer)
        self._services.reports.report_state(attempt, "COMPLETE", None)
        self._services.attempts.settle(claim.attempt_id, Settlement.LOST, "exited")


def main(folder: str, database_url: str, slots: str) -> None:
    """Be one dispatcher; print what it took, as JSON."""
    name = f"dispatcher-{os.getpid()}"
    with open_job_services(Path(folder), database_url, process_description(name, place=name)) as services:
        services.process.open()
        began, began_to_work = time.monotonic(), time.process_time()
        Dispatcher(services, int(slots)).run()
        report = {"seconds": time.monotonic() - began, "processor_seconds": time.process_time() - began_to_work}
        services.process.close()
        print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
