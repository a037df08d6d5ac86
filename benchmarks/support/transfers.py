"""Transfers: the platform, the file, the clients and the limits of the upload and download benchmarks."""

import hashlib
import os
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests
from requests.adapters import HTTPAdapter
from requests_toolbelt import MultipartEncoder

from benchmarks.support.figures import Figure
from benchmarks.support.nginx import Nginx, nginx
from demo.platform_process import PlatformProcess
from voxel51.users.api import API
from voxel51.users.auth import Token

SIZE_BYTES = 512 * 1024**2
RUNS = 5
GIB = 1024**3
OLD_WRITE_BYTES = 8 * 1024

Way = Callable[[], object]
"""Transfers or hashes the file once."""


@dataclass(frozen=True)
class Cost:
    """The cost of one GiB: processor seconds of the client and of the server, and seconds on the clock."""

    client_seconds: float
    server_seconds: float
    wall_seconds: float


Costs = Mapping[str, list[Cost]]
"""The costs of each way, by its name, round by round."""


@dataclass(frozen=True)
class Bench:
    """A platform with a user, a file of `SIZE_BYTES`, and an nginx, if it is installed, that serves ``folder``."""

    api: API
    v1: str
    pid: int
    headers: dict[str, str]
    file: Path
    folder: Path
    nginx: Nginx | None

    def delete_all(self) -> None:
        for record in self.api.list_data():
            self.api.delete_data(record["id"])

    def measure(self, ways: Mapping[str, Way], prepare: Way) -> Costs:
        """Return the costs of ``ways`` in `RUNS` rounds, after ``prepare()`` each.

        Their order in a round is random, because each pays for the memory that the one before it left behind.
        """
        costs: dict[str, list[Cost]] = {name: [] for name in ways}
        for _ in range(RUNS):
            for name in random.sample(list(ways), len(ways)):
                prepare()
                costs[name].append(_cost(ways[name], self._server_seconds))
        return costs

    def _server_seconds(self) -> float:
        """Return the processor time of both servers, of which one is idle."""
        processes = [self.pid] + ([self.nginx.pid] if self.nginx else [])
        times = [psutil.Process(pid).cpu_times() for pid in processes]
        return float(sum(each.user + each.system for each in times))


@contextmanager
def open_bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        file = folder / "video.bin"
        file.write_bytes(os.urandom(SIZE_BYTES))
        environment = {"VOXEL51_SERVER_REQUESTS_PER_SECOND": "0"}
        with PlatformProcess(folder / "data", environment=environment) as platform, nginx(folder) as other:
            token = Token.from_json(str(platform.create_user("bench", folder / "token.json")))
            with API(token=token) as api:
                yield Bench(api, f"{platform.url}/v1", platform.pid, dict(token.get_header()), file, folder, other)


def _cost(way: Way, server_seconds: Callable[[], float]) -> Cost:
    server, own, started = server_seconds(), _own_seconds(), time.perf_counter()
    way()
    wall = time.perf_counter() - started
    return Cost(*(each * GIB / SIZE_BYTES for each in (_own_seconds() - own, server_seconds() - server, wall)))


def _own_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def upload_original(bench: Bench) -> None:
    """Upload in the original client's way: a new connection, a form encoded in Python, writes of 8 KiB."""
    session = requests.Session()
    session.mount("http://", _SmallWrites())
    with bench.file.open("rb") as file, session:
        form = MultipartEncoder({"file": (bench.file.name, file, "application/octet-stream")})
        headers = {**bench.headers, "Content-Type": form.content_type}
        session.post(f"{bench.v1}/data", data=form, headers=headers, timeout=300).raise_for_status()


class _SmallWrites(HTTPAdapter):
    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: object) -> None:
        super().init_poolmanager(connections, maxsize, block, **options, blocksize=OLD_WRITE_BYTES)


def download_original(bench: Bench, data_id: str) -> None:
    """Download in the original client's way: a new connection, pieces of 32 MiB."""
    url = f"{bench.v1}/data/{data_id}/download"
    with requests.get(url, headers=bench.headers, stream=True, timeout=300) as response:
        response.raise_for_status()
        with (bench.folder / "copy").open("wb") as file:
            for chunk in response.iter_content(32 * 1024**2):
                file.write(chunk)


def curl(bench: Bench, *arguments: str) -> None:
    """Run curl with the user's credential."""
    header = [f"{name}: {text}" for name, text in bench.headers.items()]
    subprocess.run(["curl", "-sS", "--fail", "-H", *header, *arguments], check=True)


def sha256sum(bench: Bench) -> None:
    """Hash the file with the program of that name, which many systems build without the processor's instructions."""
    subprocess.run(["sha256sum", bench.file], check=True, stdout=subprocess.DEVNULL)


def sha256_like_the_server(bench: Bench) -> None:
    """Hash the file with the library of the server."""
    with bench.file.open("rb") as file:
        hashlib.file_digest(file, "sha256")


def of_server(cost: Cost) -> float:
    """Return the processor time of the server."""
    return cost.server_seconds


def of_client(cost: Cost) -> float:
    """Return the processor time of the client."""
    return cost.client_seconds


def on_the_clock(cost: Cost) -> float:
    """Return the time on the clock."""
    return cost.wall_seconds


@dataclass(frozen=True)
class Comparison:
    """A row of the table: one aspect of the way ``ours`` beside one of ``other``, and the goal for their ratio."""

    name: str
    ours: str
    aspect: Callable[[Cost], float]
    other: str
    other_aspect: Callable[[Cost], float]
    goal: str = ""

    def figure(self, costs: Costs) -> Figure:
        ours, other = map(self.aspect, costs[self.ours]), map(self.other_aspect, costs[self.other])
        return Figure(self.name, "s", [*ours], self.other, [*other], self.goal)
