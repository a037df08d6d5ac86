"""People who use a platform in the tests."""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from demo.platform_process import PlatformProcess
from voxel51.wire.headers import APPLICATION_KEY, APPLICATION_USER

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class User:
    """One user of a running platform.

    Attributes:
        name: unique in this test run.
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
        """Sign up a fresh user by ``voxel51 server user create``; the token file goes into ``folder``."""
        name = f"user-{next(_numbers)}"
        token = platform.create_user(name, folder / f"{name}.json")
        access = json.loads(token.read_text(encoding="utf-8"))["access_token"]
        return cls(name=name, token=token, key=access["private_key"], v1=f"{platform.url}/v1")

    @property
    def headers(self) -> dict[str, str]:
        """What old clients put in front of a user's requests."""
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(frozen=True, slots=True)
class Application:
    """One application of a running platform; see `User` for what has the same name."""

    name: str
    token: Path
    key: str
    v1: str

    @classmethod
    def create(cls, platform: PlatformProcess, folder: Path) -> Self:
        """Make a fresh application by ``voxel51 server app create``; the token file goes into ``folder``."""
        name = f"application-{next(_numbers)}"
        path = folder / f"{name}.json"
        platform.run_command("server", "app", "create", name, "--token", str(path))
        key = json.loads(path.read_text(encoding="utf-8"))["access_token"]["private_key"]
        return cls(name=name, token=path, key=key, v1=f"{platform.url}/v1")

    def headers(self, user: str | None = None) -> dict[str, str]:
        """What old clients put in front of an application's requests, for one of its users or for none."""
        return {APPLICATION_KEY: self.key} | ({} if user is None else {APPLICATION_USER: user})
