"""What downloading a GiB costs, hash included, beside the original client's way and curl, in turns."""

import random
from collections.abc import Callable

from benchmarks.figures import Figure
from benchmarks.transfers import RUNS, Cost, Place, a_place, cost, curl, download_the_old_way, figures


def measure() -> list[Figure]:
    with a_place() as place:
        data_id = place.api.upload_data(place.file)["id"]
        turns = [_turn(place, data_id) for _ in range(RUNS)]
    ours, old, by_curl = (list(costs) for costs in zip(*turns, strict=True))
    return [
        *figures("download 1 GiB", ours, "original's way", old, ""),
        *figures("download 1 GiB", ours, "curl", by_curl, "clock: ~ 1"),
    ]


def _turn(place: Place, data_id: str) -> tuple[Cost, Cost, Cost]:
    target = place.folder / "copy"
    url = f"{place.v1}/data/{data_id}/download"
    ways: list[Callable[[], object]] = [
        lambda: place.api.download_data(data_id, target),
        lambda: download_the_old_way(place, data_id),
        lambda: curl(place, "-o", str(target), url),
    ]
    costs: dict[int, Cost] = {}
    for number in random.sample(range(3), 3):  # whoever comes after whom pays for the memory that the other left
        costs[number] = _to_a_new_file(place, ways[number])
    return costs[0], costs[1], costs[2]


def _to_a_new_file(place: Place, way: Callable[[], object]) -> Cost:
    (place.folder / "copy").unlink(missing_ok=True)
    return cost(way)
