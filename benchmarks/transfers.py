"""What uploads and downloads are measured by: one platform, one file, and the clients that take turns at it."""

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

from benchmarks.figures import Figure
from demo.platform_process import PlatformProcess
from voxel51.users.api import API
from voxel51.users.auth import Token

SIZE_BYTES = 512 * 1024**2
RUNS = 5
GIB = 1024**3
OLD_WRITE_BYTES = 8 * 1024


@dataclass(frozen=True)
class Cost:
    """Of one GiB: seconds of this machine's processors in the client, and of the clock."""

    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True)
class Place:
    """A platform with a user, and a file of `SIZE_BYTES`."""

    api: API
    v1: str
    headers: dict[str, str]
    file: Path
    folder: Path

    def forget_all(self) -> None:
        for record in self.api.list_data():
            self.api.delete_data(record["id"])


@contextmanager
def a_place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        file = folder / "video.bin"
        file.write_bytes(os.urandom(SIZE_BYTES))
        with PlatformProcess(folder / "data") as platform:
            token = Token.from_json(str(platform.create_user("bench", folder / "token.json")))
            with API(token=token) as api:
                yield Place(api, f"{platform.url}/v1", dict(token.get_header()), file, folder)


def cost(act: Callable[[], object]) -> Cost:
    """What ``act`` costs, its child processes included."""
    children, own, started = _children_seconds(), time.process_time(), time.perf_counter()
    act()
    cpu = time.process_time() - own + _children_seconds() - children
    return Cost(cpu * GIB / SIZE_BYTES, (time.perf_counter() - started) * GIB / SIZE_BYTES)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def upload_the_old_way(place: Place) -> None:
    """A new connection, a form that is encoded in Python, writes of 8 KiB."""
    session = requests.Session()
    session.mount("http://", _SmallWrites())
    with place.file.open("rb") as file, session:
        form = MultipartEncoder({"file": (place.file.name, file, "application/octet-stream")})
        headers = {**place.headers, "Content-Type": form.content_type}
        session.post(f"{place.v1}/data", data=form, headers=headers, timeout=300).raise_for_status()


class _SmallWrites(HTTPAdapter):
    def init_poolmanager(self, *arguments: int, **options: int) -> None:
        super().init_poolmanager(*arguments, **options, blocksize=OLD_WRITE_BYTES)


def download_the_old_way(place: Place, data_id: str) -> None:
    """A new connection, pieces of 32 MiB."""
    url = f"{place.v1}/data/{data_id}/download"
    with requests.get(url, headers=place.headers, stream=True, timeout=300) as answer:
        answer.raise_for_status()
        with (place.folder / "copy").open("wb") as file:
            for chunk in answer.iter_content(32 * 1024**2):
                file.write(chunk)


def curl(place: Place, *arguments: str) -> None:
    """Run curl with the user's credential."""
    header = [f"{name}: {text}" for name, text in place.headers.items()]
    subprocess.run(["curl", "-sS", "--fail", "-H", *header, *arguments], check=True)


def figures(what: str, ours: list[Cost], name: str, other: list[Cost], goal: str) -> list[Figure]:
    """Processor and clock of ours against another's."""
    cpu = [[each.cpu_seconds for each in costs] for costs in (ours, other)]
    wall = [[each.wall_seconds for each in costs] for costs in (ours, other)]
    return [
        Figure(f"{what}: processor", "s", cpu[0], name, cpu[1], goal),
        Figure(f"{what}: clock", "s", wall[0], name, wall[1], ""),
    ]
