"""The API: requests per second and processor time per request of one server process, beside bare Starlette.

Bare Starlette answers the same JSON on the same HTTP server, without a database, accounts or limits. The two alternate,
so that both see the same machine. The load comes from a process of its own, which does less per call than either.

``BENCH_PEERS=1`` adds Prefect, MLflow and Label Studio, each with the counterpart of a job.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.small_calls import ROOT, unstarted_job
from benchmarks.support.api_peers import ApiPeer, running_api_peers
from benchmarks.support.figures import Figure
from benchmarks.support.guards import Limit, lowest
from benchmarks.support.load import calls_per_second
from benchmarks.support.process_load import SECONDS, ServerLoad, load
from demo.platform_process import PlatformProcess
from voxel51.users.api import API
from voxel51.users.auth import Token

RUNS = 5
FEW, MANY = 16, 64
"""Connections."""
_MOST_CPU = 10.0


@dataclass(frozen=True)
class _Servers:
    """The platform with one unstarted job, and bare Starlette, which answers every request with its details."""

    platform: PlatformProcess
    bare: subprocess.Popen[str]
    bare_url: str
    headers: Mapping[str, str]
    job: str
    data: str

    def ours(self, path: str, connections: int) -> ServerLoad:
        return load(self.platform.pid, f"{self.platform.url}{path}", connections, self.headers)

    def starlette(self, connections: int) -> ServerLoad:
        return load(self.bare.pid, f"{self.bare_url}{self.job}", connections, {})


def measure() -> list[Figure]:
    with _servers() as servers, running_api_peers(bool(os.environ.get("BENCH_PEERS"))) as peers:
        rounds = [_round(servers) for _ in range(RUNS)]
        beside = [(servers.ours(servers.job, FEW).per_second, *map(_per_second, peers)) for _ in range(RUNS) if peers]
    few, many, data, request, starlette = zip(*rounds, strict=True)
    bare = "bare Starlette"

    def per_second(loads: tuple[ServerLoad, ...]) -> list[float]:
        return [each.per_second for each in loads]

    def cpu_us(loads: tuple[ServerLoad, ...]) -> list[float]:
        return [each.cpu_us for each in loads]

    return [
        Figure(f"job details, {FEW} connections", "per s", per_second(few), bare, per_second(starlette), "> 0.2"),
        Figure(f"job details, {MANY} connections", "per s", per_second(many), f"{FEW}", per_second(few), "> 0.9"),
        Figure("job details: processor", "µs", cpu_us(few), bare, cpu_us(starlette), "< 5"),
        Figure("data details: processor", "µs", cpu_us(data), bare, cpu_us(starlette), "< 5"),
        Figure("job request: processor", "µs", cpu_us(request), bare, cpu_us(starlette), ""),
        *_beside(peers, beside),
    ]


def _beside(peers: list[ApiPeer], rounds: list[tuple[float, ...]]) -> Iterator[Figure]:
    """Yield a row for each peer: our rate of job details, and its rate of the counterpart, in the same rounds."""
    if peers:
        ours, *others = zip(*rounds, strict=True)
        for peer, rates in zip(peers, others, strict=True):
            yield Figure(f"job details, {FEW} connections", "per s", ours, peer.name, rates, "> 5")


def _per_second(peer: ApiPeer) -> float:
    return calls_per_second(peer.url, FEW, SECONDS, peer.headers)


def guard() -> list[Limit]:
    """Return the processor time of job details beside bare Starlette's; it was 33 with a query per credential."""
    with _servers() as servers:

        def ratio() -> float:
            return servers.ours(servers.job, FEW).cpu_us / servers.starlette(FEW).cpu_us

        return [Limit("processor time of job details / of bare Starlette", lowest(ratio, _MOST_CPU), _MOST_CPU)]


def _round(servers: _Servers) -> tuple[ServerLoad, ...]:
    return (
        servers.ours(servers.job, FEW),
        servers.ours(servers.job, MANY),
        servers.ours(servers.data, FEW),
        servers.ours(f"{servers.job}/request", FEW),
        servers.starlette(FEW),
    )


@contextmanager
def _servers() -> Iterator[_Servers]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        environment = {"VOXEL51_SERVER_REQUESTS_PER_SECOND": "0"}
        with PlatformProcess(folder / "data", environment=environment) as platform:
            token = Token.from_json(str(platform.create_user("bench", folder / "token.json")))
            with API(token=token) as api:
                details = api.get_job_details(unstarted_job(api, folder))
            (folder / "answer.json").write_text(json.dumps({"job": details}))
            job, data = f"/v1/jobs/{details['id']}", f"/v1/data/{details['inputs'][0]['data_id']}"
            with _bare_starlette(folder / "answer.json") as (bare, url):
                yield _Servers(platform, bare, url, dict(token.get_header()), job, data)


@contextmanager
def _bare_starlette(answer: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "benchmarks.support.bare_starlette", str(answer)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server, f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()
