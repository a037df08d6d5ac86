"""What uploading a GiB costs the client, beside the original client's way and curl, to the same platform in turns."""

import os

from benchmarks.figures import Figure
from benchmarks.transfers import RUNS, Cost, Place, a_place, cost, curl, figures, upload_the_old_way


def measure() -> list[Figure]:
    with a_place() as place:
        place.api.upload_data(place.file)
        turns = [_turn(place) for _ in range(RUNS)]
    plain, verified, old, by_curl = (list(costs) for costs in zip(*turns, strict=True))
    return [
        *figures("upload 1 GiB", plain, "original's way", old, "< 0.125"),
        *figures("upload 1 GiB", plain, "curl -F", by_curl, ""),
        *figures("upload 1 GiB, hashed here too", verified, "original's way", old, ""),
    ]


def _turn(place: Place) -> tuple[Cost, Cost, Cost, Cost]:
    costs = (
        cost(lambda: place.api.upload_data(place.file)),
        cost(lambda: place.api.upload_data(place.file, verify=True)),
        cost(lambda: upload_the_old_way(place)),
        cost(lambda: curl(place, "-o", os.devnull, "-F", f"file=@{place.file}", f"{place.v1}/data")),
    )
    place.forget_all()
    return costs
