"""Small calls: processor time in the client, beside the original client's way, and calls per second beside wrk.

Sixteen threads request the details of one job. wrk keeps sixteen connections and neither reads nor checks the
responses, so it shows the limit of the platform on this machine.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.support.figures import Figure
from benchmarks.support.small_clients import THREADS
from demo.platform_process import PlatformProcess
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

ROOT = Path(__file__).parent.parent
RUNS = 5
OUR_CALLS = 4000
OLD_CALLS = 1000
WRK_SECONDS = 3


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as name:
        folder = Path(name)
        with PlatformProcess(folder / "data", environment={"VOXEL51_SERVER_REQUESTS_PER_SECOND": "0"}) as platform:
            token_file = platform.create_user("bench", folder / "token.json")
            token = Token.from_json(token_file)
            with API(token=token) as api:
                job_id = unstarted_job(api, folder)
                (folder / "answer.json").write_text(json.dumps({"job": api.get_job_details(job_id)}))
            rounds = [_round(token_file, job_id) for _ in range(RUNS)]
            by_wrk = [_wrk(token, job_id) for _ in range(RUNS)] if shutil.which("wrk") else []
        with _instant_server(folder / "answer.json") as url:
            token_file.write_text(token_file.read_text().replace(token.base_api_url, url))
            instant = [_round(token_file, job_id) for _ in range(RUNS)]
    ours, old, _ = zip(*rounds, strict=True)
    rate = [[each["per_second"] for each in way] for way in (ours, old)]
    figures = [
        *_processor("small call", rounds, "< 0.33"),
        *_processor("small call, instant server", instant, "< 0.33"),
        Figure(f"small calls, {THREADS} threads", "per s", rate[0], "original's way", rate[1], ""),
    ]
    if not by_wrk:
        print("wrk is not installed (apt-get install wrk): the limit of the platform is left out", file=sys.stderr)
        return figures
    return [*figures, Figure(f"small calls, {THREADS} threads", "per s", rate[0], "wrk", by_wrk, "> 0.8")]


def _processor(name: str, rounds: list[tuple[dict[str, float], ...]], goal: str) -> list[Figure]:
    ours, old, bare = ([each["cpu_us"] for each in way] for way in zip(*rounds, strict=True))
    return [
        Figure(f"{name}: processor", "µs", ours, "original's way", old, goal),
        Figure(f"{name}: processor", "µs", ours, "bare sockets", bare, ""),
    ]


@contextmanager
def _instant_server(answer: Path) -> Iterator[str]:
    command: list[str | Path] = [sys.executable, "-m", "benchmarks.support.instant_server", answer]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def unstarted_job(api: API, folder: Path) -> str:
    video = folder / "video.mp4"
    video.write_bytes(b"never read")
    request = JobRequest("voxel51/shot-detection")
    request.set_input("video", data_id=api.upload_data(video)["id"])
    return api.upload_job_request(request, "never started")["id"]


def _round(token_file: Path, job_id: str) -> tuple[dict[str, float], ...]:
    return (
        _client("ours", token_file, job_id, OUR_CALLS),
        _client("original", token_file, job_id, OLD_CALLS),
        _client("bare", token_file, job_id, OUR_CALLS),
    )


def _client(way: str, token_file: Path, job_id: str, calls: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.support.small_clients", way, str(token_file), job_id, str(calls)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _wrk(token: Token, job_id: str) -> float:
    """Return calls per second."""
    headers = [part for name, text in token.get_header().items() for part in ("-H", f"{name}: {text}")]
    command = ["wrk", "-t1", f"-c{THREADS}", f"-d{WRK_SECONDS}s", *headers, f"{token.base_api_url}/v1/jobs/{job_id}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in output, output
    found = re.search(r"Requests/sec:\s*([\d.]+)", output)
    assert found, output
    return float(found[1])
