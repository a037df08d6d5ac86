"""Uploads: cost of one GiB in the server and in the client, beside hashing, other clients and nginx.

The platform hashes each file and makes it durable; nginx, given a PUT, does neither.
"""

import os

from benchmarks.support.figures import Figure
from benchmarks.support.transfers import (
    Bench,
    Comparison,
    Way,
    curl,
    of_client,
    of_server,
    on_the_clock,
    open_bench,
    sha256_like_the_server,
    sha256sum,
    upload_original,
)

OURS, VERIFIED, ORIGINAL, FORM, PUT = "ours", "ours, verified", "original's way", "curl -F", "curl -T to nginx"
SHA256SUM, LIBRARY = "sha256sum", "the server's library alone"

COMPARISONS = [
    Comparison("upload 1 GiB: server's processor", OURS, of_server, SHA256SUM, of_client, "≤ 2"),
    Comparison("upload 1 GiB: server's processor", OURS, of_server, LIBRARY, of_client, "≤ 2"),
    Comparison("upload 1 GiB with curl -F: server's processor", FORM, of_server, LIBRARY, of_client),
    Comparison("upload 1 GiB: clock", OURS, on_the_clock, FORM, on_the_clock, "≤ 1.05"),
    Comparison("upload 1 GiB: clock", OURS, on_the_clock, ORIGINAL, on_the_clock, "≤ 0.4"),
    Comparison("upload 1 GiB: client's processor", OURS, of_client, ORIGINAL, of_client, "< 0.25"),
    Comparison("upload 1 GiB: client's processor", OURS, of_client, FORM, of_client),
    Comparison("upload 1 GiB, hashed here too: client's processor", VERIFIED, of_client, ORIGINAL, of_client),
    Comparison("upload 1 GiB: server's processor", OURS, of_server, PUT, of_server),
    Comparison("upload 1 GiB: clock", OURS, on_the_clock, PUT, on_the_clock),
]


def measure() -> list[Figure]:
    with open_bench() as bench:
        ways = _ways(bench)
        ways[OURS]()
        costs = bench.measure(ways, bench.delete_all)
    return [each.figure(costs) for each in COMPARISONS if each.other in costs]


def _ways(bench: Bench) -> dict[str, Way]:
    ways: dict[str, Way] = {
        OURS: lambda: bench.api.upload_data(bench.file),
        VERIFIED: lambda: bench.api.upload_data(bench.file, verify=True),
        ORIGINAL: lambda: upload_original(bench),
        FORM: lambda: curl(bench, "-o", os.devnull, "-F", f"file=@{bench.file}", f"{bench.v1}/data"),
        SHA256SUM: lambda: sha256sum(bench),
        LIBRARY: lambda: sha256_like_the_server(bench),
    }
    if (other := bench.nginx) is not None:
        ways[PUT] = lambda: curl(bench, "-T", str(bench.file), f"{other.url}/copy")
    return ways
