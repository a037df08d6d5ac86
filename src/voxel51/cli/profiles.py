"""Whose token a command uses: that of a profile, or the active one."""

import argparse
import os
import re
from pathlib import Path

from voxel51.users.api import API
from voxel51.users.auth import Token, TokenError

VARIABLE = "VOXEL51_PROFILE"
"""Environment variable that names a profile, for commands that name none."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def client(options: argparse.Namespace) -> API:
    """A client with the token that ``options`` ask for.

    Raises:
        TokenError: there is none, or it is no good.
    """
    name = options.profile or os.environ.get(VARIABLE)
    return API(token=token_of(name)) if name else API()


def token_of(name: str) -> Token:
    """The token of a profile.

    Raises:
        TokenError: there is no such profile.
    """
    path = _path(name)
    if not path.is_file():
        known = ", ".join(names()) or "none"
        raise TokenError(
            f"there is no profile {name!r}; there are: {known}. Make it by `auth activate TOKEN --profile {name}`"
        )
    return Token.from_json(path)


def keep(name: str, token_path: str) -> None:
    """Make the token file at ``token_path`` that of a profile.

    Raises:
        TokenError: it is no token file, or the name will not do.
    """
    Token.from_json(token_path)
    path = _path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    piece = path.with_suffix(".new")
    with open(os.open(piece, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(Path(token_path).read_bytes())
    piece.replace(path)


def forget(name: str) -> bool:
    """Forget a profile; whether there was one."""
    path = _path(name)
    if not path.is_file():
        return False
    path.unlink()
    return True


def names() -> list[str]:
    """The profiles there are."""
    return sorted(each.stem for each in _folder().glob("*.json"))


def _folder() -> Path:
    return Path("~").expanduser() / ".voxel51" / "profiles"


def _path(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise TokenError(f"{name!r} is no name of a profile: take letters, digits, '-', '_' and '.'")
    return _folder() / f"{name}.json"
