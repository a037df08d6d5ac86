"""Platforms of several processes: one that serves requests and runs jobs, and further dispatchers beside it."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests
from sqlalchemy import create_engine, text

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.platforms import new_platform, running
from support.waiting import LIMIT_SECONDS


def shared_settings(folder: Path, database_url: str, slots: int = 1) -> dict[str, str]:
    """Return variables for processes of one platform with data folders of their own and the same storage and key."""
    return {
        "VOXEL51_SERVER_DATABASE_URL": database_url,
        "VOXEL51_SERVER_STORAGE_DIR": str(folder / "storage"),
        "VOXEL51_SERVER_SECRET_KEY_FILE": str(folder / "platform.key"),
        "VOXEL51_SERVER_CONCURRENCY": str(slots),
    }


@contextmanager
def two_dispatchers(
    folder: Path, database_url: str, slots: int = 1, **settings: str
) -> Iterator[tuple[PlatformProcess, PlatformProcess]]:
    """Run a platform that serves requests and runs jobs, and a second process that only runs jobs."""
    environment = shared_settings(folder, database_url, slots)
    environment |= {f"VOXEL51_SERVER_{name}": value for name, value in settings.items()}
    with running(new_platform(folder / "first", environment=environment)) as first:
        second = new_platform(
            folder / "second", "--role", "dispatcher", "--job-url", first.url, environment=environment
        )
        with running(second):
            yield first, second


def job(user: User, job_id: str) -> dict[str, Any]:
    """Return the record of a job."""
    answer = requests.get(f"{user.v1}/jobs/{job_id}", headers=user.headers, timeout=LIMIT_SECONDS)
    return dict(answer.json()["job"])


def rows(database_url: str, statement: str, **parameters: object) -> Sequence[Any]:
    """Return what a statement selects."""
    engine = create_engine(database_url.replace("postgresql", "postgresql+psycopg"))
    with closing(engine.connect()) as connection:
        found = connection.execute(text(statement), parameters).all()
    engine.dispose()
    return found


def attempts_by_dispatcher(database_url: str, job_id: str) -> list[str]:
    """Return the ids of the dispatchers of all attempts at a job, in order."""
    statement = "SELECT dispatcher_id FROM attempts WHERE job_id = :job ORDER BY created_at"
    return [row.dispatcher_id for row in rows(database_url, statement, job=job_id)]


def kill_with_children(platform: PlatformProcess) -> None:
    """Kill a platform with SIGKILL as the loss of its machine does: all its processes at once."""
    process = psutil.Process(platform.pid)
    for each in (process, *process.children(recursive=True)):
        each.suspend()  # so that none starts another one meanwhile
    family = (*process.children(recursive=True), process)
    for each in family:
        each.kill()
    platform.kill()
    psutil.wait_procs(family, timeout=LIMIT_SECONDS)  # one that still ends may keep the port
