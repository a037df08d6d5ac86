"""What downloading a GiB costs, hash and sync included, beside the original client's way and curl, in turns."""

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
    return (
        cost(lambda: place.api.download_data(data_id, target)),
        cost(lambda: download_the_old_way(place, data_id)),
        cost(lambda: curl(place, "-o", str(target), url)),
    )
