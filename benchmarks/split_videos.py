"""One long video in parts: the time that passes from submission to the end, beside the same job in one process.

Both jobs run on one platform with two slots, whose jobs have one thread each, and alternate. The video is real footage,
repeated without encoding it again; its frames are listed before the first run, as after every upload.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.support.figures import Figure
from demo.platform_process import PlatformProcess
from footage.fetch import fetch
from footage.repeating import repeated
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

TIMES = 60
"""Repetitions of the clip, which lasts ten seconds."""

RUNS = 3
PARTS = 4
CASES: dict[str, dict[str, Any]] = {
    "voxel51/shot-detection": {},
    "voxel51/video-quality": {"framewise": True},
    "voxel51/object-tracks": {"fps": 2},
}


def measure() -> list[Figure]:
    settings = {"VOXEL51_SERVER_CONCURRENCY": "2", "VOXEL51_SERVER_SPLIT_PART_SECONDS": "1"}
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        video = repeated(fetch() / "bikes.mp4", folder / "film.mp4", TIMES)
        with PlatformProcess(folder / "data", environment=settings) as platform:
            token = platform.create_user("bench", folder / "token.json")
            with API(token=Token.from_json(str(token))) as api:
                data_id = api.upload_data(str(video))["id"]
                _seconds(api, "voxel51/video-quality", {}, data_id, PARTS)
                return [_measured(api, analytic, parameters, data_id) for analytic, parameters in CASES.items()]


def _measured(api: API, analytic: str, parameters: dict[str, Any], data_id: str) -> Figure:
    pairs = [
        (_seconds(api, analytic, parameters, data_id, None), _seconds(api, analytic, parameters, data_id, PARTS))
        for _ in range(RUNS)
    ]
    whole, split = zip(*pairs, strict=True)
    name = f"{analytic}, {TIMES} times the clip, as a whole"
    return Figure(name, "s", whole, f"{PARTS} parts on two slots", split, "≥ 1.8")


def _seconds(api: API, analytic: str, parameters: dict[str, Any], data_id: str, parts: int | None) -> float:
    request = JobRequest(analytic)
    request.set_input("video", data_id=data_id)
    for name, value in parameters.items():
        request.set_parameter(name, value)
    if parts is not None:
        request.set_split(parts)
    started = time.perf_counter()
    job = api.upload_job_request(request, "film", auto_start=True)
    [ended] = api.wait([job["id"]])
    seconds = time.perf_counter() - started
    if ended["state"] != "COMPLETE":
        raise RuntimeError(f"job {job['id']} of {analytic} is {ended['state']}")
    split = api.get_job_details(job["id"])["split"]
    if parts is not None and (split is None or len(split["parts"]) != parts):
        raise RuntimeError(f"job {job['id']} of {analytic} did not run in {parts} parts")
    return seconds
