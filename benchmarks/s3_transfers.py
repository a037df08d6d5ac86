"""Direct transfers: time of one GiB to and from an S3 store by signed links, beside obstore alone with the keys.

The client also asks the platform, and hashes what it downloads. The platform hashes uploads in the background; the time
of that is not part of an upload, but it competes for the processors while the next measurement begins, so each waits.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

import obstore
from obstore.store import S3Store

from benchmarks.support.figures import Figure
from demo.platform_process import PlatformProcess
from support.s3 import S3Server, running_s3
from voxel51.users.api import API
from voxel51.users.auth import Token

SIZE_BYTES = 1024**3
RUNS = 5
_PART_BYTES = 16 * 1024**2
_AT_ONCE = 4

OURS, OBSTORE = "ours", "obstore alone"


@dataclass(frozen=True)
class Bench:
    """A client of a platform, a folder in its store, a file to send, and the path of a copy."""

    api: API
    bucket: S3Store
    file: Path
    copy: Path


def measure() -> list[Figure]:
    with open_bench() as bench:
        uploads = {OURS: lambda: _upload(bench), OBSTORE: lambda: _put(bench)}
        up = _times(bench, uploads, _delete_all)
        data_id = bench.api.upload_data(bench.file)["id"]
        _wait_for_hash(bench, data_id)
        _put(bench)
        downloads = {OURS: lambda: bench.api.download_data(data_id, bench.copy), OBSTORE: lambda: _get(bench)}
        down = _times(bench, downloads, _delete_copy)
    return [
        Figure("upload 1 GiB to S3: speed", "GiB/s", up[OURS], OBSTORE, up[OBSTORE], "≥ 0.9"),
        Figure("download 1 GiB from S3: speed", "GiB/s", down[OURS], OBSTORE, down[OBSTORE], "≥ 0.9"),
    ]


def _times(
    bench: Bench, ways: Mapping[str, Callable[[], object]], settle: Callable[[Bench], None]
) -> Mapping[str, list[float]]:
    """Return the speed of each way in `RUNS` rounds, in random order within each."""
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name in random.sample(list(ways), len(ways)):
            begun = time.perf_counter()
            ways[name]()
            speeds[name].append(SIZE_BYTES / 1024**3 / (time.perf_counter() - begun))
            settle(bench)
    return speeds


def _upload(bench: Bench) -> None:
    bench.api.upload_data(bench.file)


def _put(bench: Bench) -> None:
    obstore.put(bench.bucket, "peer", bench.file, chunk_size=_PART_BYTES, max_concurrency=_AT_ONCE)


def _get(bench: Bench) -> None:
    with bench.copy.open("wb") as file:
        for chunk in obstore.get(bench.bucket, "peer").stream(min_chunk_size=1024**2):
            file.write(chunk)


def _delete_all(bench: Bench) -> None:
    """Delete what was uploaded, once the platform has hashed it."""
    for record in bench.api.list_data():
        _wait_for_hash(bench, record["id"])
        bench.api.delete_data(record["id"])


def _delete_copy(bench: Bench) -> None:
    bench.copy.unlink()


def _wait_for_hash(bench: Bench, data_id: str) -> None:
    while bench.api.get_data_details(data_id)["sha256"] is None:
        time.sleep(0.1)


@contextmanager
def open_bench() -> Iterator[Bench]:
    with running_s3() as server, tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        file = folder / "video.bin"
        with file.open("wb") as opened:
            for _ in range(SIZE_BYTES // 1024**2):
                opened.write(os.urandom(1024**2))
        location = server.location()
        with PlatformProcess(folder / "data", environment=_environment(server, location)) as platform:
            os.environ.update(server.environment)
            token = Token.from_json(str(platform.create_user("bench", folder / "token.json")))
            with API(token=token) as api:
                yield Bench(api, server.bucket(f"{location}-peer"), file, folder / "copy")


def _environment(server: S3Server, location: str) -> dict[str, str]:
    return {
        "VOXEL51_SERVER_REQUESTS_PER_SECOND": "0",
        "VOXEL51_SERVER_PREPARE_RENDITIONS": "false",
        "VOXEL51_SERVER_STORAGE_URL": location,
        "VOXEL51_SERVER_STORAGE_ENDPOINT": server.endpoint,
        "VOXEL51_SERVER_STORAGE_PUBLIC_ENDPOINT": server.endpoint,
        **server.environment,
    }
