"""A real PostgreSQL server for the tests, on loopback, with nothing kept."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from voxel51.server.database.database import Database

_DEBIAN = Path("/usr/lib/postgresql")
_UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root."""
_IN_HASTE = "-c fsync=off -c full_page_writes=off -c autovacuum=off -c max_wal_size=8GB"
"""Nothing has to outlive a power cut, or to stay tidy for days; hundreds of databases are made in minutes."""


class PostgreSQL:
    """A running server; every call of `database` makes a database of its own."""

    def __init__(self, port: int) -> None:
        self._server = f"postgresql+psycopg://tester@127.0.0.1:{port}"
        self._admin = create_engine(f"{self._server}/postgres", isolation_level="AUTOCOMMIT")
        self._migrated = self._create("template1")
        Database(self._migrated).migrate()

    def database(self) -> str:
        """The URL of a new database that has the platform's tables, as people write it."""
        return self._create(self._migrated.rpartition("/")[2])

    def empty_database(self) -> str:
        """Return the URL of a new database without any tables."""
        return self._create("template1")

    def _create(self, template: str) -> str:
        name = f"test_{uuid.uuid4().hex}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return f"{self._server}/{name}".replace("+psycopg", "")

    def close(self) -> None:
        """Let go of it."""
        self._admin.dispose()


@contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """A server that keeps nothing after it. Skips the test where none is installed; in CI one must be."""
    programs = _programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    # Not below pytest's folder, which is its owner's alone.
    with tempfile.TemporaryDirectory(prefix="voxel51-postgresql-") as name:
        folder, port, shelter = Path(name), _free_port(), []
        if os.geteuid() == 0:
            shutil.chown(folder, _UNPRIVILEGED)
            shelter = ["setpriv", "--reuid", _UNPRIVILEGED, "--regid", "nogroup", "--clear-groups"]
        options = f"-p {port} -k '' -c listen_addresses=127.0.0.1 -c max_connections=300 {_IN_HASTE}"
        files = ["-D", folder / "files"]
        control = [*shelter, programs / "pg_ctl", *files, "-w"]
        initialise = [*shelter, programs / "initdb", *files, "-U", "tester", "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(initialise, check=True, stdout=subprocess.DEVNULL, cwd="/")
        start = [*control, "-o", options, "-l", folder / "log", "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, cwd="/")
        server = PostgreSQL(port)
        try:
            yield server
        finally:
            server.close()
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/")


def _programs() -> Path | None:
    found = shutil.which("initdb")
    installed = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return Path(found).parent if found else installed[-1].parent if installed else None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
