"""Database copies: SQLite by its backup interface, PostgreSQL by ``pg_dump`` and ``pg_restore``."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal

from sqlalchemy import inspect
from sqlalchemy.engine import make_url

from voxel51.server.database.database import Database
from voxel51.server.database.opening import database_url, shown_url
from voxel51.server.settings import Settings

DatabaseKind = Literal["sqlite", "postgresql"]

FILES: Mapping[DatabaseKind, str] = {"sqlite": "platform.sqlite", "postgresql": "platform.dump"}
"""Name of the copy in a backup."""

_PAGES_PER_STEP = 2048
"""Pages that are copied before writers get their turn: 8 MB."""


def kind_of(settings: Settings) -> DatabaseKind:
    """Return the kind of the database that the settings name."""
    return "postgresql" if settings.database_url else "sqlite"


def copy_database(settings: Settings, target: Path) -> None:
    """Write a consistent copy of the database to ``target``, also while the platform runs.

    Raises:
        RuntimeError: the database does not exist or cannot be read, or ``pg_dump`` is missing.
    """
    if kind_of(settings) == "postgresql":
        _run_tool("pg_dump", settings, "--format=custom", "--no-owner", f"--file={target}")
        return
    source = settings.folder / FILES["sqlite"]
    if not source.is_file():
        raise RuntimeError(f"{settings.folder} holds no platform: {source.name} not found. Name its data folder: --dir")
    # Its own connection: the platform may hold others, in this process or another.
    with closing(sqlite3.connect(source)) as present, closing(sqlite3.connect(target)) as copy:
        present.backup(copy, pages=_PAGES_PER_STEP)


def restore_database(settings: Settings, copy: Path) -> None:
    """Make ``copy`` the database that the settings name.

    Raises:
        RuntimeError: the database is not empty or cannot be written, or ``pg_restore`` is missing.
    """
    if kind_of(settings) == "postgresql":
        _run_tool("pg_restore", settings, "--no-owner", "--exit-on-error", "--single-transaction", str(copy))
        return
    temporary = settings.folder / "platform.sqlite.restored"
    shutil.copyfile(copy, temporary)
    temporary.replace(settings.folder / FILES["sqlite"])


def is_empty(settings: Settings) -> bool:
    """Return whether the database that the settings name has no tables."""
    if kind_of(settings) == "sqlite":
        return not (settings.folder / FILES["sqlite"]).exists()
    database = Database(database_url(settings))
    try:
        return not inspect(database.engine).get_table_names()
    finally:
        database.close()


def _run_tool(tool: str, settings: Settings, *arguments: str) -> None:
    """Run a program of PostgreSQL. The password is in its environment, not in its arguments, which others can see."""
    program = shutil.which(tool)
    if program is None:
        raise RuntimeError(f"{tool} not found. Install the client programs of PostgreSQL (postgresql-client).")
    url = make_url(settings.database_url).set(drivername="postgresql")
    password = {"PGPASSWORD": url.password} if isinstance(url.password, str) else {}
    address = url._replace(password=None).render_as_string()
    command = [program, *arguments, f"--dbname={address}"]
    done = subprocess.run(  # noqa: S603  (found by `which`)
        command, env={**os.environ, **password}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise RuntimeError(f"{tool} of the database {shown_url(settings)} failed: {lines[0]}")
