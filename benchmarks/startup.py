"""Start-up: from the command ``voxel51 server start`` to the first answer, on a new data folder and on a used one.

The limit beside it is the import of the libraries that every platform of this kind needs, by a process of its own,
alternating with the starts.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

from benchmarks.support.figures import Figure
from demo.platform_process import COMMAND

RUNS = 7
POLL_SECONDS = 0.005
LIBRARIES = "import msgspec, sqlalchemy.dialects.sqlite, starlette.routing, uvicorn, cryptography.fernet"


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        first = [(_start_seconds(folder / f"{run}", folder / f"cache {run}"), _import_seconds()) for run in range(3)]
        used = [(_start_seconds(folder / "0", folder / "cache 0"), _import_seconds()) for _ in range(RUNS)]
    return [_figure("first start, nothing cached", first), _figure("server start to first answer", used)]


def _figure(name: str, pairs: list[tuple[float, float]]) -> Figure:
    starts, imports = zip(*pairs, strict=True)
    return Figure(name, "s", starts, "import of its libraries", imports, "≤ 2 s")


def _start_seconds(data: Path, cache: Path) -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "VOXEL51_SERVER_CACHE_DIR": str(cache)}
    command: list[str | Path] = [COMMAND, "server", "start", "--dir", data, "--port", str(port)]
    started = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while not _is_answering(port):
                assert server.poll() is None, "the platform has exited"
                time.sleep(POLL_SECONDS)
            return time.perf_counter() - started
        finally:
            server.terminate()


def _is_answering(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/platform", timeout=60) as answer:
            return bool(answer.read())
    except URLError:
        return False


def _import_seconds() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", LIBRARIES], check=True)
    return time.perf_counter() - started
