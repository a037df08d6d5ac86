"""Uploads: cost of one GiB in the client, beside the original client's way and curl, alternating."""

import os

from benchmarks.support.figures import Figure
from benchmarks.support.transfers import RUNS, Bench, Cost, cost, curl, figures, open_bench, upload_original


def measure() -> list[Figure]:
    with open_bench() as bench:
        bench.api.upload_data(bench.file)
        rounds = [_round(bench) for _ in range(RUNS)]
    plain, verified, old, by_curl = (list(costs) for costs in zip(*rounds, strict=True))
    return [
        *figures("upload 1 GiB", plain, "original's way", old, "< 0.25"),
        *figures("upload 1 GiB", plain, "curl -F", by_curl, ""),
        *figures("upload 1 GiB, hashed here too", verified, "original's way", old, ""),
    ]


def _round(bench: Bench) -> tuple[Cost, Cost, Cost, Cost]:
    costs = (
        cost(lambda: bench.api.upload_data(bench.file)),
        cost(lambda: bench.api.upload_data(bench.file, verify=True)),
        cost(lambda: upload_original(bench)),
        cost(lambda: curl(bench, "-o", os.devnull, "-F", f"file=@{bench.file}", f"{bench.v1}/data")),
    )
    bench.delete_all()
    return costs
