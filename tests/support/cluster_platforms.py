"""Platforms that run their jobs on a cluster, as operators see them, and jobs of users on them."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.stored_files import database_path
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.wire.events import EventName


class RunsAttempts(Protocol):
    """A machine of a cluster."""

    def attempts(self) -> Sequence[object]:
        """Return the attempts that it runs."""


_Machine = TypeVar("_Machine", bound=RunsAttempts)


class ClusterPlatform:
    """A platform that runs its jobs on a cluster, as its operator sees it.

    Attributes:
        process: the platform.
    """

    def __init__(self, process: PlatformProcess, engine: str) -> None:
        self.process = process
        self._engine = engine
        self._token = process.folder.with_name("operator.json")

    def workers(self) -> list[dict[str, Any]]:
        """Return the nodes, as operators see them."""
        answer = requests.get(f"{self.process.url}/v1/admin/workers", headers=self._headers(), timeout=LIMIT_SECONDS)
        answer.raise_for_status()
        return [worker for worker in answer.json()["workers"] if worker["engine"] == self._engine]

    def wait_for_workers(self, number: int) -> None:
        """Wait until so many nodes take jobs."""
        wait_until(
            lambda: sum(worker["dispatching"] for worker in self.workers()) == number,
            lambda: f"{self.workers()}\n{self.process.tail()}",
        )

    def _headers(self) -> dict[str, str]:
        if not self._token.exists():
            command = ("server", "user", "create", "operator", "--no-password", "--role", "operator")
            self.process.run_command(*command, "--scope", "administer", "--token", str(self._token))
        key = json.loads(self._token.read_text())["access_token"]["private_key"]
        return {"Authorization": f"Bearer {key}"}


class RunningJob:
    """A job of a user on a cluster."""

    def __init__(self, user: User, analytic: str, data_id: str = "", **parameters: object) -> None:
        self.id = post_job(user.v1, user.headers, analytic, data_id=data_id, **parameters)
        self._user = user

    def record(self) -> dict[str, Any]:
        """Return its record."""
        answer = requests.get(f"{self._user.v1}/jobs/{self.id}", headers=self._user.headers, timeout=LIMIT_SECONDS)
        answer.raise_for_status()
        record: dict[str, Any] = answer.json()["job"]
        return record

    def cancel(self) -> None:
        """Cancel it."""
        answer = requests.put(f"{self._user.v1}/jobs/{self.id}/kill", headers=self._user.headers, timeout=LIMIT_SECONDS)
        answer.raise_for_status()

    def wait_for(self, state: str, platform: ClusterPlatform) -> None:
        """Wait until it has this state."""
        wait_until(lambda: self.record()["state"] == state, lambda: f"{self.record()}\n{platform.process.tail()}")

    def place(self, workers: Sequence[_Machine]) -> _Machine:
        """Return the worker that runs it, once one does. No other job may run."""
        wait_until(lambda: any(worker.attempts() for worker in workers), lambda: f"no worker runs it: {self.record()}")
        return next(worker for worker in workers if worker.attempts())

    def ends(self, platform: ClusterPlatform) -> list[str]:
        """Return the names of the events that say that it has ended."""
        database = sqlite3.connect(database_path(platform.process.folder))
        try:
            rows = database.execute("SELECT name FROM events WHERE job_id = ? ORDER BY id", (self.id,)).fetchall()
        finally:
            database.close()
        return [name for (name,) in rows if name in {EventName.COMPLETE, EventName.FAILED}]

    def starts(self, platform: ClusterPlatform) -> int:
        """Return how many attempts at it there were."""
        database = sqlite3.connect(database_path(platform.process.folder))
        try:
            ((number,),) = database.execute("SELECT count(*) FROM attempts WHERE job_id = ?", (self.id,)).fetchall()
        finally:
            database.close()
        return int(number)
