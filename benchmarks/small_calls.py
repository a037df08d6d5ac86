"""What a small call costs the client, beside the original client's way, and how many go through beside wrk, in turns.

Sixteen threads ask for the details of one job. wrk keeps sixteen connections and neither reads what is in an answer nor
checks it: the most that the platform gives on this machine.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.small_clients import THREADS
from demo.platform_process import PlatformProcess
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

RUNS = 5
OUR_CALLS = 6000
OLD_CALLS = 1500
WRK_SECONDS = 4


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        with PlatformProcess(folder / "data") as platform:
            token_file = platform.create_user("bench", folder / "token.json")
            token = Token.from_json(token_file)
            with API(token=token) as api:
                job_id = _unstarted_job(api, folder)
            turns = [_turn(token_file, token, job_id) for _ in range(RUNS)]
    ours, old, bare, by_wrk = zip(*turns, strict=True)
    cpu = [[each["cpu_us"] for each in way] for way in (ours, old, bare)]
    rate = [[each["per_second"] for each in way] for way in (ours, old)]
    figures = [
        Figure("small call: processor", "µs", cpu[0], "original's way", cpu[1], "< 0.125"),
        Figure("small call: processor", "µs", cpu[0], "bare sockets", cpu[2], ""),
        Figure(f"small calls, {THREADS} threads", "per s", rate[0], "original's way", rate[1], ""),
    ]
    if None in by_wrk:
        print("wrk is not installed (apt-get install wrk): the platform's limit is left out", file=sys.stderr)
        return figures
    return [*figures, Figure(f"small calls, {THREADS} threads", "per s", rate[0], "wrk", by_wrk, "> 0.8")]


def _unstarted_job(api: API, folder: Path) -> str:
    video = folder / "video.mp4"
    video.write_bytes(b"never looked at")
    request = JobRequest("voxel51/shot-detection")
    request.set_input("video", data_id=api.upload_data(video)["id"])
    return api.upload_job_request(request, "never started")["id"]


def _turn(token_file: Path, token: Token, job_id: str) -> tuple[Any, ...]:
    return (
        _client("ours", token_file, job_id, OUR_CALLS),
        _client("original", token_file, job_id, OLD_CALLS),
        _client("bare", token_file, job_id, OUR_CALLS),
        _wrk(token, job_id),
    )


def _client(way: str, token_file: Path, job_id: str, calls: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.small_clients", way, str(token_file), job_id, str(calls)]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, check=True, stdout=subprocess.PIPE)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _wrk(token: Token, job_id: str) -> float | None:
    """Calls a second; None without the program."""
    if shutil.which("wrk") is None:
        return None
    headers = [part for name, text in token.get_header().items() for part in ("-H", f"{name}: {text}")]
    command = ["wrk", "-t1", f"-c{THREADS}", f"-d{WRK_SECONDS}s", *headers, f"{token.base_api_url}/v1/jobs/{job_id}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in said, said
    found = re.search(r"Requests/sec:\s*([\d.]+)", said)
    assert found, said
    return float(found[1])
