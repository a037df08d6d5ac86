"""Load on a server process: what one call costs it, and how many it answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from benchmarks.support.load import calls_per_second

SECONDS = 2.0


@dataclass(frozen=True)
class ServerLoad:
    """A server under load: the calls that it answered per second, and the microseconds of processor time of each."""

    per_second: float
    cpu_us: float


def load(pid: int, url: str, connections: int, headers: Mapping[str, str]) -> ServerLoad:
    """Return what the process ``pid`` spends on GET requests of ``url``, repeated on each of some connections."""
    process = psutil.Process(pid)
    before = process.cpu_times()
    per_second = calls_per_second(url, connections, SECONDS, headers)
    after = process.cpu_times()
    cpu_seconds = after.user + after.system - before.user - before.system
    return ServerLoad(per_second, cpu_seconds / (per_second * SECONDS) * 1e6)
