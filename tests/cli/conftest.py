import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.platform_process import PlatformProcess
from support.accounts import User
from voxel51.cli.main import main
from voxel51.users.api import API
from voxel51.users.auth import Token


@dataclass
class Ran:
    """The result of a command: exit status, standard output and standard error."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output parsed as JSON."""
        return json.loads(self.out)


Voxel51 = Callable[..., Ran]


@pytest.fixture
def user(platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(platform, tmp_path)


@pytest.fixture
def api(user: User) -> Iterator[API]:
    with API(token=Token.from_json(str(user.token))) as client:
        yield client


@pytest.fixture
def voxel51(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Voxel51:
    """Run the command as the user, with an empty home folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(user.token))
    monkeypatch.setenv("TZ", "UTC")

    def run(*arguments: object, answers: str | None = None) -> Ran:
        if answers is not None:
            given = iter(answers.splitlines())
            monkeypatch.setattr("builtins.input", lambda prompt: (print(prompt), next(given))[1])
        capsys.readouterr()
        try:
            status = main([str(each) for each in arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        said = capsys.readouterr()
        return Ran(status, said.out, said.err)

    return run
