"""Memory of analytics on a video of ten hours: resident memory after one minute of work, and the most after that.

The video is real footage, reduced to 160x90 and repeated without encoding it again. Each analytic runs in a process of
its own, as its jobs do.
"""

import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import av
import psutil

from benchmarks.support.figures import Figure
from footage.fetch import fetch
from footage.repeating import repeated

HOURS = 10
CLIP_SECONDS = 10
SIZE = (160, 90)
FIRST_SECONDS = 60.0
LOOK_SECONDS = 0.5
MIB = 1 << 20

CASES: Mapping[str, str] = {
    "voxel51/shot-detection": "{}",
    "voxel51/video-quality": "{'framewise': True}",
    "voxel51/motion-tracks": "{'fps': 5}",
}


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        clip = _reduced(fetch() / "bikes.mp4", Path(name) / "clip.mp4")
        video = repeated(clip, Path(name) / "long.mp4", math.ceil(HOURS * 3600 / CLIP_SECONDS))
        return [_measured(analytic, parameters, video, Path(name)) for analytic, parameters in CASES.items()]


def _measured(analytic: str, parameters: str, video: Path, folder: Path) -> Figure:
    code = (
        "from pathlib import Path; from voxel51.platform import local; "
        "from voxel51.platform.entry_points import load_analytic; "
        f"local.run(load_analytic({analytic!r}), {{'video': Path({str(video)!r})}}, {parameters}, "
        f"Path({str(folder / analytic.replace('/', '-'))!r}))"
    )
    first = most = 0.0
    started = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        seen = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                resident = seen.memory_info().rss / MIB
            except psutil.NoSuchProcess:
                break
            if time.monotonic() - started < FIRST_SECONDS:
                first = max(first, resident)
            most = max(most, resident)
            time.sleep(LOOK_SECONDS)
    if process.returncode != 0:
        raise RuntimeError(f"{analytic} failed; its traceback is above")
    minutes = (time.monotonic() - started) / 60
    name = f"{analytic}, {HOURS} hours of video ({minutes:.0f} minutes of work), most memory"
    return Figure(name, "MiB", [most], "in the first minute", [first], "≤ 64 MiB more")


def _reduced(source: Path, path: Path) -> Path:
    with av.open(source) as read, av.open(path, "w") as written:
        taken = read.streams.video[0]
        stream = written.add_stream("libx264", rate=taken.average_rate, options={"g": "50"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for frame in read.decode(taken):
            written.mux(stream.encode(frame.reformat(*SIZE, "yuv420p")))
        written.mux(stream.encode())
    return path
