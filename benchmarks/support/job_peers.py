"""Job peers: RQ and Procrastinate, installed in a folder of their own, with the servers that they need."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))

from support.postgresql import running_postgresql

PACKAGES = ("rq==3.0.0", "procrastinate[psycopg]==3.10.0", "psycopg[binary,pool]==3.3.9")
CACHE = Path(os.environ.get("BENCH_PEERS_DIR", Path(tempfile.gettempdir()) / "voxel51-bench-peers"))
"""Folder of the installation. It is kept for the next run."""

_RQ = """
import os, sys
from redis import Redis
from rq import Queue, Worker
queue = Queue("bench", connection=Redis.from_url(os.environ["REDIS_URL"]))
if sys.argv[1] == "work":
    Worker([queue], connection=queue.connection).work(burst=True, logging_level="ERROR")
else:
    queue.enqueue_many([Queue.prepare_data("time.sleep", (0,)) for _ in range(int(sys.argv[2]))])
"""

_PROCRASTINATE = """
import os, subprocess, sys
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
is_worker = sys.argv[1] == "work"
connector = (PsycopgConnector if is_worker else SyncPsycopgConnector)(conninfo=os.environ["DATABASE_URL"])
app = App(connector=connector)
@app.task(name="no-op")
def start_interpreter():
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
if is_worker:
    app.run_worker(wait=False, concurrency=1, install_signal_handlers=False)
else:
    with app.open():
        if sys.argv[1] == "prepare":
            app.schema_manager.apply_schema()
        else:
            start_interpreter.batch_defer(*[{} for _ in range(int(sys.argv[2]))])
"""

_PROCRASTINATE_ALONE = """
import os, sys
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
is_worker = sys.argv[1] == "work"
connector = (PsycopgConnector if is_worker else SyncPsycopgConnector)(conninfo=os.environ["DATABASE_URL"])
app = App(connector=connector)
@app.task(name="no-op")
async def no_op():
    pass
if is_worker:
    app.run_worker(wait=False, concurrency=16, install_signal_handlers=False)
else:
    with app.open():
        if sys.argv[1] == "prepare":
            app.schema_manager.apply_schema()
        else:
            no_op.batch_defer(*[{} for _ in range(int(sys.argv[2]))])
"""


@dataclass(frozen=True)
class Peer:
    """A queue of jobs.

    Attributes:
        name: name and version.
        submit: command that queues as many no-op jobs as its last argument says.
        work: command of one worker, which exits when no job is left.
        environment: variables of both.
    """

    name: str
    submit: Sequence[str | Path]
    work: Sequence[str | Path]
    environment: Mapping[str, str]

    def seconds(self, jobs: int, workers: int) -> float:
        """Return the time from the start of the workers to the end of the last job, without their own start."""
        environment = {**os.environ, **self.environment}
        bare = min(self._worked(workers, environment) for _ in range(2))
        subprocess.run([*self.submit, str(jobs)], check=True, env=environment)
        return self._worked(workers, environment) - bare

    def _worked(self, workers: int, environment: Mapping[str, str]) -> float:
        started = time.perf_counter()
        running = [
            subprocess.Popen(self.work, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(workers)
        ]
        for worker in running:
            assert worker.wait() == 0, f"a worker of {self.name} failed"
        return time.perf_counter() - started


@contextmanager
def running_peers(wanted: bool) -> Iterator[list[Peer]]:
    """Yield the peers, ready to work; none unless they are ``wanted``."""
    with ExitStack() as stack:
        yield [stack.enter_context(peer()) for peer in (_rq, _procrastinate)] if wanted else []


@contextmanager
def _rq() -> Iterator[Peer]:
    python = _installed()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command: list[str | Path] = [
        _redis_server(),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    libraries = {"LD_LIBRARY_PATH": os.pathsep.join(map(str, (CACHE / "redis" / "usr" / "lib").glob("*-linux-gnu")))}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **libraries}) as server:
        try:
            _wait_for(port)
            variables = {"REDIS_URL": f"redis://127.0.0.1:{port}"}
            yield Peer("RQ 3.0.0, a fork each", [python, "-c", _RQ, "submit"], [python, "-c", _RQ, "work"], variables)
        finally:
            server.terminate()


@contextmanager
def _procrastinate() -> Iterator[Peer]:
    command: list[str | Path] = [_installed(), "-c", _PROCRASTINATE]
    with running_postgresql() as server:
        variables = {"DATABASE_URL": server.empty_database()}
        subprocess.run([*command, "prepare"], check=True, env={**os.environ, **variables})
        yield Peer("Procrastinate 3.10.0, a subprocess each", [*command, "submit"], [*command, "work"], variables)


@contextmanager
def procrastinate_alone(database_url: str) -> Iterator[Peer]:
    """Yield Procrastinate with coroutines that do nothing, on an empty database."""
    command: list[str | Path] = [_installed(), "-c", _PROCRASTINATE_ALONE]
    variables = {"DATABASE_URL": database_url}
    subprocess.run([*command, "prepare"], check=True, env={**os.environ, **variables})
    yield Peer("Procrastinate 3.10.0, coroutines", [*command, "submit"], [*command, "work"], variables)


def _installed() -> Path:
    """Return the interpreter of an environment that has the packages of the peers."""
    environment = CACHE / "environment"
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def _redis_server() -> Path:
    """Return the installed server, or unpack the package of this system (Debian, Ubuntu) into the folder."""
    installed = shutil.which("redis-server")
    if installed is not None:
        return Path(installed)
    root = CACHE / "redis"
    if not root.exists():
        root.mkdir(parents=True)
        packages = ["redis-server", "redis-tools", *_LIBRARIES]
        subprocess.run(["apt-get", "download", *packages], check=True, cwd=root)
        for package in root.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, root], check=True)
    return root / "usr" / "bin" / "redis-server"


_LIBRARIES = ("liblzf1", "libjemalloc2", "liblua5.1-0", "lua-bitop", "lua-cjson")


def _wait_for(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return
