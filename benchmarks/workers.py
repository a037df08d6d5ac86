"""API processes: requests that two answer per second of processor time, beside one, on PostgreSQL.

Processor time says what further processes cost (locks, shared sockets, metrics); by the clock two answer twice as many
requests only where there are processors for them, the load generator and the database.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from benchmarks.support.figures import Figure
from benchmarks.support.load import calls_per_second
from demo.platform_process import PlatformProcess
from support.postgresql import running_postgresql
from voxel51.users.api import API
from voxel51.users.auth import Token

ROUNDS = 5
SECONDS = 4.0
CONNECTIONS = 16


@dataclass(frozen=True)
class Bench:
    """A platform, the request that is repeated, and all processes of the platform."""

    url: str
    headers: dict[str, str]
    processes: list[psutil.Process]

    def measure(self) -> tuple[float, float]:
        """Return the requests per second of processor time, and per second by the clock."""
        before = self._processor_seconds()
        per_second = calls_per_second(self.url, CONNECTIONS, SECONDS, self.headers)
        return per_second * SECONDS / (self._processor_seconds() - before), per_second

    def _processor_seconds(self) -> float:
        times = [process.cpu_times() for process in self.processes]
        return sum(each.user + each.system for each in times)


def measure() -> list[Figure]:
    with running_postgresql() as server, tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        with _open(folder / "1", server.database(), 1) as one, _open(folder / "2", server.database(), 2) as two:
            for bench in (one, two):
                bench.measure()  # warms up
            rounds = [(two.measure(), one.measure()) for _ in range(ROUNDS)]
    of_two, of_one = zip(*rounds, strict=True)
    cpu_two, clock_two = zip(*of_two, strict=True)
    cpu_one, clock_one = zip(*of_one, strict=True)
    return [
        Figure("requests per CPU-second, 2 API processes on PostgreSQL", "/s", cpu_two, "1", cpu_one, "≥ 0.85"),
        Figure("the same by the clock", "/s", clock_two, "1", clock_one, "≥ 1.7 where six cores exist"),
    ]


@contextmanager
def _open(folder: Path, database_url: str, workers: int) -> Iterator[Bench]:
    folder.mkdir()
    environment = {"VOXEL51_SERVER_DATABASE_URL": database_url, "VOXEL51_SERVER_REQUESTS_PER_SECOND": "0"}
    with PlatformProcess(folder / "data", "--workers", str(workers), environment=environment) as platform:
        token = Token.from_json(str(platform.create_user("bench", folder / "token.json")))
        with API(token=token) as api:
            file = folder / "video.bin"
            file.write_bytes(b"a file")
            data_id = api.upload_data(file)["id"]
            url = f"{api.base_url}/data/{data_id}"
        main = psutil.Process(platform.pid)
        yield Bench(url, dict(token.get_header()), [main, *main.children(recursive=True)])
