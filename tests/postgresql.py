"""A real PostgreSQL server for the tests, on loopback, with nothing kept."""

import os
import shutil
import socket
import subprocess
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

    def _create(self, template: str) -> str:
        name = f"test_{uuid.uuid4().hex}"
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return f"{self._server}/{name}".replace("+psycopg", "")

    def close(self) -> None:
        """Let go of it."""
        self._admin.dispose()


@contextmanager
def running_postgresql(folder: Path) -> Iterator[PostgreSQL]:
    """A server that keeps what it has in ``folder`` while inside. Skips the test where none is installed, but not in
    CI, where one must be.
    """
    programs = _programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    port, files = _free_port(), folder / "files"
    shelter = ["setpriv", "--reuid", _UNPRIVILEGED, "--regid", "nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    if shelter:
        shutil.chown(folder, _UNPRIVILEGED)
        for parent in folder.parents:  # temporary folders are their maker's alone
            if parent.stat().st_uid == 0 and parent.is_relative_to(folder.parents[2]):
                parent.chmod(parent.stat().st_mode | 0o011)
    options = f"-p {port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300"
    control = [*shelter, programs / "pg_ctl", "-D", files, "-w"]
    initialise = [*shelter, programs / "initdb", "-D", files, "-U", "tester", "-A", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(initialise, check=True, capture_output=True, cwd="/")
    subprocess.run([*control, "-o", options, "-l", folder / "log", "start"], check=True, stdout=-3, cwd="/")
    server = PostgreSQL(port)
    try:
        yield server
    finally:
        server.close()
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=-3, cwd="/")


def _programs() -> Path | None:
    found = shutil.which("initdb")
    installed = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return Path(found).parent if found else installed[-1].parent if installed else None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
