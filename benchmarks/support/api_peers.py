"""API peers: servers of other projects, each at a set version in an environment of its own, with one record to ask for.

They are installed with uv into a folder that is kept for the next run. What cannot be installed or started is skipped
with a sentence. Girder is not among them: it needs a MongoDB server, which the index of Python packages does not have.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any  # documents of other projects
from urllib.error import HTTPError

from benchmarks.support.job_peers import CACHE

START_SECONDS = 300.0
_LABEL_STUDIO_TOKEN = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class ApiPeer:
    """A running server of another project.

    Attributes:
        name: name and version.
        url: the URL of one record, the counterpart of the details of a job.
        headers: headers of its requests.
    """

    name: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Kind:
    """Recipe of a peer: install it, start it, and give it a record.

    Attributes:
        packages: its distribution with the version, and further requirements.
        command: arguments of its own program, with ``{port}`` and ``{folder}``.
        health: path that is answered with 200 once it serves.
        record: function that creates a record by a call of ``post`` and returns the path of that record.
        environment: its variables, with ``{folder}``.
        headers: headers of every request.
    """

    name: str
    packages: Sequence[str]
    command: Sequence[str]
    health: str
    record: Callable[["_Post"], str]
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


_Post = Callable[[str, Mapping[str, object]], Any]


def _flow_run(post: _Post) -> str:
    flow = post("/api/flows/", {"name": "bench"})["id"]
    return f"/api/flow_runs/{post('/api/flow_runs/', {'flow_id': flow, 'state': {'type': 'SCHEDULED'}})['id']}"


def _run(post: _Post) -> str:
    run = post("/api/2.0/mlflow/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    return f"/api/2.0/mlflow/runs/get?run_id={run}"


def _project(post: _Post) -> str:
    return f"/api/projects/{post('/api/projects/', {'title': 'bench'})['id']}/"


KINDS = (
    # Later versions of FastAPI no longer take an argument that this version of Prefect passes.
    _Kind("prefect", ("prefect==3.8.8", "fastapi<0.140"),
          ("server", "start", "--host", "127.0.0.1", "--port", "{port}"), "/api/health", _flow_run,
          {"PREFECT_HOME": "{folder}", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}),
    _Kind("mlflow", ("mlflow==3.17.2",),
          ("server", "--host", "127.0.0.1", "--port", "{port}", "--workers", "1",
           "--backend-store-uri", "sqlite:///{folder}/mlflow.db"), "/health", _run),
    _Kind("label-studio", ("label-studio==1.23.2",),
          ("start", "--port", "{port}", "--internal-host", "127.0.0.1", "--no-browser"), "/health", _project,
          {"LABEL_STUDIO_BASE_DATA_DIR": "{folder}", "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
           "LABEL_STUDIO_USERNAME": "bench@example.org", "LABEL_STUDIO_PASSWORD": "a long pass phrase",
           "LABEL_STUDIO_USER_TOKEN": _LABEL_STUDIO_TOKEN, "COLLECT_ANALYTICS": "false"},
          {"Authorization": f"Token {_LABEL_STUDIO_TOKEN}"}),
)  # fmt: skip


@contextmanager
def running_api_peers(wanted: bool) -> Iterator[list[ApiPeer]]:
    """Yield the peers that start, with a sentence for each other one; none unless they are ``wanted``."""
    with ExitStack() as stack:
        peers = []
        for kind in KINDS if wanted else ():
            try:
                peers.append(stack.enter_context(_running(kind)))
            except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
                print(f"{kind.packages[0]} is left out: {error}", file=sys.stderr)
        yield peers


@contextmanager
def _running(kind: _Kind) -> Iterator[ApiPeer]:
    program = _installed(kind)
    with tempfile.TemporaryDirectory(prefix="voxel51-bench-") as folder, ExitStack() as stack:
        port = _free_port()
        command: list[str | Path] = [program, *(part.format(port=port, folder=folder) for part in kind.command)]
        variables = {name: value.format(folder=folder) for name, value in kind.environment.items()}
        url = f"http://127.0.0.1:{port}"
        log = stack.enter_context((Path(folder) / "bench.log").open("wb"))
        server = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **variables}, stdout=log, stderr=log, start_new_session=True
        )
        stack.callback(_end, server)
        _wait_until_healthy(server, f"{url}{kind.health}", Path(log.name))
        path = kind.record(lambda path, document: _posted(f"{url}{path}", document, kind.headers))
        yield ApiPeer(kind.packages[0].replace("==", " "), f"{url}{path}", kind.headers)


def _installed(kind: _Kind) -> Path:
    """Return the program of a peer in an environment that has it."""
    environment = CACHE / kind.name
    complete = environment / "complete"
    if not complete.exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment], check=True)
        install = [*uv, "pip", "install", "--quiet", "--python", str(environment / "bin" / "python"), *kind.packages]
        subprocess.run(install, check=True)
        complete.touch()
    return environment / "bin" / kind.name


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"it does not start. Its last line: {(log.read_text(errors='replace').split() or ['none'])[-1]}")


def _posted(url: str, document: Mapping[str, object], headers: Mapping[str, str]) -> Any:
    """Return the answer to a POST, which is repeated while the server is overloaded by its own start."""
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(url, json.dumps(document).encode(), headers)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                raise
        time.sleep(1)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server with the processes that it started, which are in its session."""
    server.terminate()
    with suppress(subprocess.TimeoutExpired):
        server.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(server.pid, 9)
    server.wait()
