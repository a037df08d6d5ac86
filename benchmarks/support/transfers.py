"""Transfers: the platform, the file and the clients of the upload and download benchmarks."""

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from requests_toolbelt import MultipartEncoder

from benchmarks.support.figures import Figure
from demo.platform_process import PlatformProcess
from voxel51.users.api import API
from voxel51.users.auth import Token

SIZE_BYTES = 512 * 1024**2
RUNS = 5
GIB = 1024**3
OLD_WRITE_BYTES = 8 * 1024


@dataclass(frozen=True)
class Cost:
    """The cost of one GiB: processor seconds in the client, and seconds on the clock."""

    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True)
class Bench:
    """A platform with a user, and a file of `SIZE_BYTES`."""

    api: API
    v1: str
    headers: dict[str, str]
    file: Path
    folder: Path

    def delete_all(self) -> None:
        for record in self.api.list_data():
            self.api.delete_data(record["id"])


@contextmanager
def open_bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        file = folder / "video.bin"
        file.write_bytes(os.urandom(SIZE_BYTES))
        with PlatformProcess(folder / "data", environment={"VOXEL51_SERVER_REQUESTS_PER_SECOND": "0"}) as platform:
            token = Token.from_json(str(platform.create_user("bench", folder / "token.json")))
            with API(token=token) as api:
                yield Bench(api, f"{platform.url}/v1", dict(token.get_header()), file, folder)


def cost(act: Callable[[], object]) -> Cost:
    """Return the cost of ``act()``, child processes included."""
    children, own, started = _children_seconds(), time.process_time(), time.perf_counter()
    act()
    cpu = time.process_time() - own + _children_seconds() - children
    return Cost(cpu * GIB / SIZE_BYTES, (time.perf_counter() - started) * GIB / SIZE_BYTES)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def upload_original(bench: Bench) -> None:
    """Upload in the original client's way: a new connection, a form encoded in Python, writes of 8 KiB."""
    session = requests.Session()
    session.mount("http://", _SmallWrites())
    with bench.file.open("rb") as file, session:
        form = MultipartEncoder({"file": (bench.file.name, file, "application/octet-stream")})
        headers = {**bench.headers, "Content-Type": form.content_type}
        session.post(f"{bench.v1}/data", data=form, headers=headers, timeout=300).raise_for_status()


class _SmallWrites(HTTPAdapter):
    def init_poolmanager(self, *arguments: int, **options: int) -> None:
        super().init_poolmanager(*arguments, **options, blocksize=OLD_WRITE_BYTES)


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


def figures(name: str, ours: list[Cost], other_name: str, other: list[Cost], goal: str) -> list[Figure]:
    """Return the figures for processor and clock, ours beside another's."""
    cpu = [[each.cpu_seconds for each in costs] for costs in (ours, other)]
    wall = [[each.wall_seconds for each in costs] for costs in (ours, other)]
    return [
        Figure(f"{name}: processor", "s", cpu[0], other_name, cpu[1], goal),
        Figure(f"{name}: clock", "s", wall[0], other_name, wall[1], ""),
    ]
