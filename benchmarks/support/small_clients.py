"""Small-call clients: one in a process of its own, whose processor time is that of many small calls from threads.

``python -m benchmarks.support.small_clients WAY TOKEN_FILE JOB_ID CALLS`` prints the cost of a call as JSON.
"""

import json
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import requests

from voxel51.users.api import API
from voxel51.users.auth import Token

THREADS = 16
WARM_UP = 200


def main(way: str, token_file: str, job_id: str, calls: int) -> None:
    token = Token.from_json(token_file)
    call = {"ours": _ours, "original": _original, "bare": _bare}[way](token, job_id)
    API.thread_map(call, range(WARM_UP), max_workers=THREADS)
    cpu, started = _cpu_seconds(), time.perf_counter()
    API.thread_map(call, range(calls), max_workers=THREADS)
    seconds = time.perf_counter() - started
    print(json.dumps({"cpu_us": (_cpu_seconds() - cpu) / calls * 1e6, "per_second": calls / seconds}))


def _ours(token: Token, job_id: str) -> Callable[[int], object]:
    api = API(token=token)
    return lambda _number: api.get_job_details(job_id)["id"]


def _original(token: Token, job_id: str) -> Callable[[int], object]:
    """Return a call in the original client's way: a new connection each, and nothing kept between them."""
    url, headers = f"{token.base_api_url}/v1/jobs/{job_id}", dict(token.get_header())

    def call(_number: int) -> object:
        response = requests.get(url, headers=headers, timeout=60)
        response.raise_for_status()
        return response.json()["job"]["id"]

    return call


def _bare(token: Token, job_id: str) -> Callable[[int], object]:
    """Return a call over a bare socket per thread: one write, and reads until the response is complete."""
    server, kept = urlsplit(token.base_api_url), threading.local()
    headers = "".join(f"{name}: {text}\r\n" for name, text in token.get_header().items())
    message = f"GET /v1/jobs/{job_id} HTTP/1.1\r\nHost: {server.netloc}\r\n{headers}\r\n".encode()

    def call(_number: int) -> object:
        if not hasattr(kept, "socket"):
            kept.socket = socket.create_connection((server.hostname, server.port))
        kept.socket.sendall(message)
        response = kept.socket.recv(65536)
        while not response.endswith(b"}}"):
            response += kept.socket.recv(65536)
        return json.loads(response.partition(b"\r\n\r\n")[2])["job"]["id"]

    return call


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
