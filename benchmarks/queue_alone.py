"""The queue alone: jobs per second from claim to settlement, without children, by four dispatchers on PostgreSQL.

Each dispatcher is a process that claims, reports RUNNING and the end with an output, and settles, by the real services
of the platform. Procrastinate, measured in turn on the same server, runs as many workers; its coroutines do nothing.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import func, select

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from benchmarks.support.figures import Figure
from benchmarks.support.job_peers import Peer, procrastinate_alone
from support.job_services import JobServices, open_job_services, process_description
from support.postgresql import PostgreSQL, running_postgresql
from voxel51.server.jobs.attempts import Settlement
from voxel51.server.jobs.tables import jobs

ROOT = Path(__file__).resolve().parents[1]
JOBS = 1000
ROUNDS = 3
DISPATCHERS = 4
OWNERS = 10
_CLAIMED_AT_ONCE = 16
DURABLE = "-c fsync=on -c synchronous_commit=on -c full_page_writes=on"


def measure() -> list[Figure]:
    with running_postgresql(DURABLE) as server, procrastinate_alone(server.empty_database()) as peer:
        rounds = [(_jobs_per_second(server), _rate_of(peer)) for _ in range(ROUNDS)]
    ours, others = zip(*rounds, strict=True)
    name = f"jobs/s of the queue alone, {DISPATCHERS} dispatchers, PostgreSQL"
    return [Figure(name, "/s", ours, peer.name, others, "> 1")]


def _rate_of(peer: Peer) -> float:
    return JOBS / peer.seconds(JOBS, DISPATCHERS)


def _jobs_per_second(server: PostgreSQL) -> float:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder, url = Path(name), server.database()
        with open_job_services(folder, url) as services:
            _submit(services)
        command = [sys.executable, "-m", "benchmarks.queue_alone", str(folder), url]
        running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(DISPATCHERS)]
        spans = [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]
        with open_job_services(folder, url) as services, services.database.read() as connection:
            states = dict(connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all())
    assert states == {"COMPLETE": JOBS}, states
    return JOBS / (max(ended for _, ended in spans) - min(begun for begun, _ in spans))


def _submit(services: JobServices) -> None:
    for number in range(OWNERS):
        owner = services.accounts.create_user(f"owner-{number}")
        inputs = {"video": {"data-id": services.add_data(owner)}}
        request = json.dumps({"analytic": "voxel51/count", "inputs": inputs}).encode()
        for _ in range(JOBS // OWNERS):
            services.jobs.submit(owner, request, "a job", True, None)


def main(folder: str, database_url: str) -> None:
    """Be one dispatcher; print when it began and ended, as JSON."""
    name = f"dispatcher-{time.time_ns()}"
    with open_job_services(Path(folder), database_url, process_description(name, place=name)) as services:
        services.process.open()
        begun = time.time()
        while claims := services.attempts.claim(_CLAIMED_AT_ONCE):
            for claim in claims:
                attempt = services.reports.authenticate(claim.credential, claim.job_id)
                services.reports.report_state(attempt, "RUNNING", None)
                services.reports.finish(attempt, {"state": "COMPLETE", "output": b"{}"})
                services.attempts.settle(claim.attempt_id, Settlement.LOST, "exited")
        ended = time.time()
        services.process.close()
    print(json.dumps([begun, ended]))


if __name__ == "__main__":
    main(*sys.argv[1:])
