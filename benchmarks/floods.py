"""Floods: a user's small call while anonymous connections send sign-ins, sign-ups and password resets without pause.

The call lists one job. Calls with and without the flood alternate, on one platform with its default limits. The flood
runs in a process of its own, on the same machine: it takes processor time from the platform, too.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import requests

from benchmarks.support.anonymous_flood import BODIES
from benchmarks.support.figures import Figure
from demo.platform_process import PlatformProcess
from voxel51.users.auth import Token

ROOT = Path(__file__).parent.parent
CONNECTIONS = (50, 150)
RUNS = 3
CALLS = 20
PAUSE_SECONDS = 0.02
"""Pause between two calls, so that they do not load the platform themselves."""


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        with PlatformProcess(folder / "data") as platform:
            token = Token.from_json(platform.create_user("bench", folder / "token.json"))
            return [_figure(platform.url, token, route, connections) for route in BODIES for connections in CONNECTIONS]


def _figure(url: str, token: Token, route: str, connections: int) -> Figure:
    unloaded, loaded = [], []
    for _ in range(RUNS):
        unloaded.append(_median_ms(url, token))
        with _flood(url, route, connections):
            loaded.append(_median_ms(url, token))
    return Figure(f"small call, {connections} anonymous {route}", "ms", loaded, "no flood", unloaded, "< 5")


def _median_ms(url: str, token: Token) -> float:
    """Return the median time of one call, over a kept connection."""
    times = []
    with requests.Session() as session:
        session.headers.update(token.get_header())
        for _ in range(CALLS):
            started = time.perf_counter()
            session.get(f"{url}/v1/jobs", params={"limit": 1}, timeout=60).raise_for_status()
            times.append((time.perf_counter() - started) * 1e3)
            time.sleep(PAUSE_SECONDS)
    return median(times)


@contextmanager
def _flood(url: str, route: str, connections: int) -> Iterator[None]:
    """Flood a route in the block, from the moment when every connection had its first answer."""
    command = [sys.executable, "-m", "benchmarks.support.anonymous_flood", url, route, str(connections)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as flood:
        assert flood.stdout is not None
        try:
            assert flood.stdout.readline(), "the flood ended by itself"
            yield
            assert flood.poll() is None, "the flood ended by itself"
        finally:
            flood.terminate()
