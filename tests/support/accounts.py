"""Accounts for tests: users and applications of a running platform, each with a token.

They are created by the services of ``voxel51 server user create`` and ``app create``, on the same database, but in this
process: a command takes half a second to start, and every test needs accounts.
"""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from demo.platform_process import PlatformProcess
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.accounts.callers import Caller
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.tokens import TokenService, token_spec
from voxel51.server.database.database import Database
from voxel51.server.database.opening import open_database
from voxel51.server.settings import Settings
from voxel51.wire.headers import APPLICATION_KEY, APPLICATION_USER

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class User:
    """One user of a running platform.

    Attributes:
        name: unique in this process, and so on its platforms.
        token: path of the token file.
        key: the secret in it.
        v1: where the routes are, ``http://127.0.0.1:<port>/v1``.
    """

    name: str
    token: Path
    key: str
    v1: str

    @classmethod
    def create(cls, platform: PlatformProcess, folder: Path) -> Self:
        """Create a user without a password; write the token file to ``folder``."""
        name = f"user-{next(_numbers)}"
        token = folder / f"{name}.json"
        key = _enter(platform, lambda database: AccountService(database).create_user(name), token)
        return cls(name=name, token=token, key=key, v1=f"{platform.url}/v1")

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that old clients send with a user's requests."""
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True, slots=True)
class Application:
    """One application of a running platform. The attributes are those of `User`."""

    name: str
    token: Path
    key: str
    v1: str

    @classmethod
    def create(cls, platform: PlatformProcess, folder: Path) -> Self:
        """Create an application; write the token file to ``folder``."""
        name = f"application-{next(_numbers)}"
        token = folder / f"{name}.json"
        key = _enter(platform, lambda database: ApplicationService(database).create(name), token)
        return cls(name=name, token=token, key=key, v1=f"{platform.url}/v1")

    def headers(self, user: str | None = None) -> dict[str, str]:
        """Return the headers of old clients for an application's requests, for one of its users or for itself."""
        return {APPLICATION_KEY: self.key} | ({} if user is None else {APPLICATION_USER: user})


def _enter(platform: PlatformProcess, create: Callable[[Database], Caller], token: Path) -> str:
    """Create an account on ``platform``, write a token file for it, and return the secret in the file."""
    database = open_database(Settings.load(platform.environment, {"dir": str(platform.folder)}))
    try:
        issued = TokenService(database).issue(
            COMMAND_LINE, create(database), token_spec("first token", None, None), platform.url
        )
    finally:
        database.close()
    token.parent.mkdir(parents=True, exist_ok=True)
    token.touch(mode=0o600, exist_ok=False)
    token.write_text(json.dumps(issued), encoding="utf-8")
    key: str = issued["access_token"]["private_key"]
    return key
