"""Downloads: cost of one GiB, hash included, beside the original client's way and curl, in random order."""

import random
from collections.abc import Callable

from benchmarks.support.figures import Figure
from benchmarks.support.transfers import RUNS, Bench, Cost, cost, curl, download_original, figures, open_bench


def measure() -> list[Figure]:
    with open_bench() as bench:
        data_id = bench.api.upload_data(bench.file)["id"]
        rounds = [_round(bench, data_id) for _ in range(RUNS)]
    ours, old, by_curl = (list(costs) for costs in zip(*rounds, strict=True))
    return [
        *figures("download 1 GiB", ours, "original's way", old, ""),
        *figures("download 1 GiB", ours, "curl", by_curl, "clock: ~ 1"),
    ]


def _round(bench: Bench, data_id: str) -> tuple[Cost, Cost, Cost]:
    target = bench.folder / "copy"
    url = f"{bench.v1}/data/{data_id}/download"
    ways: list[Callable[[], object]] = [
        lambda: bench.api.download_data(data_id, target),
        lambda: download_original(bench, data_id),
        lambda: curl(bench, "-o", str(target), url),
    ]
    costs: dict[int, Cost] = {}
    for number in random.sample(range(3), 3):  # a client pays for the memory that the one before it left behind
        costs[number] = _to_a_new_file(bench, ways[number])
    return costs[0], costs[1], costs[2]


def _to_a_new_file(bench: Bench, way: Callable[[], object]) -> Cost:
    (bench.folder / "copy").unlink(missing_ok=True)
    return cost(way)
