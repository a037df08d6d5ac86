"""Downloads: cost of one GiB to a new file, hash included, beside the original client's way, curl, and nginx."""

from benchmarks.support.figures import Figure
from benchmarks.support.transfers import (
    Bench,
    Comparison,
    Way,
    curl,
    download_original,
    of_client,
    of_server,
    on_the_clock,
    open_bench,
)

OURS, ORIGINAL, CURL, NGINX = "ours", "original's way", "curl", "curl from nginx"

COMPARISONS = [
    Comparison("download 1 GiB: clock", OURS, on_the_clock, CURL, on_the_clock, "≤ 1.15"),
    Comparison("download 1 GiB: clock", OURS, on_the_clock, ORIGINAL, on_the_clock),
    Comparison("download 1 GiB: client's processor", OURS, of_client, CURL, of_client),
    Comparison("download 1 GiB: client's processor", OURS, of_client, ORIGINAL, of_client),
    Comparison("download 1 GiB with curl: server's processor", CURL, of_server, NGINX, of_server),
    Comparison("download 1 GiB with curl: clock", CURL, on_the_clock, NGINX, on_the_clock),
]


def measure() -> list[Figure]:
    with open_bench() as bench:
        ways = _ways(bench, bench.api.upload_data(bench.file)["id"])
        costs = bench.measure(ways, lambda: (bench.folder / "copy").unlink(missing_ok=True))
    return [each.figure(costs) for each in COMPARISONS if each.other in costs]


def _ways(bench: Bench, data_id: str) -> dict[str, Way]:
    target = bench.folder / "copy"
    ways: dict[str, Way] = {
        OURS: lambda: bench.api.download_data(data_id, target),
        ORIGINAL: lambda: download_original(bench, data_id),
        CURL: lambda: curl(bench, "-o", str(target), f"{bench.v1}/data/{data_id}/download"),
    }
    if (other := bench.nginx) is not None:
        ways[NGINX] = lambda: curl(bench, "-o", str(target), f"{other.url}/{bench.file.name}")
    return ways
