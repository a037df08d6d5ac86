"""Profiles: named API tokens, stored in ``~/.voxel51/profiles``."""

import argparse
import os
import re
from pathlib import Path

from voxel51.users.api import API
from voxel51.users.auth import Token, TokenError

VARIABLE = "VOXEL51_PROFILE"
"""Environment variable with the profile of commands without ``--profile``."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def client(options: argparse.Namespace) -> API:
    """Return a client with the token of the selected profile, or with the active token.

    Raises:
        TokenError: no token was found, or it is invalid.
    """
    name = options.profile or os.environ.get(VARIABLE)
    return API(token=token_of(name)) if name else API()


def token_of(name: str) -> Token:
    """Return the token of a profile.

    Raises:
        TokenError: the profile does not exist.
    """
    path = _path(name)
    if not path.is_file():
        known = ", ".join(names()) or "none"
        raise TokenError(
            f"profile {name!r} not found; available profiles: {known}. "
            f"Create it with `voxel51 auth activate TOKEN --profile {name}`"
        )
    return Token.from_json(path)


def save(name: str, token_path: str) -> None:
    """Store the token file at ``token_path`` as a profile.

    Raises:
        TokenError: the file is not a token file, or the name is invalid.
    """
    Token.from_json(token_path)
    path = _path(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new_file = path.with_suffix(".new")
    with open(os.open(new_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(Path(token_path).read_bytes())
    new_file.replace(path)


def delete(name: str) -> bool:
    """Delete a profile. Return whether it existed."""
    path = _path(name)
    if not path.is_file():
        return False
    path.unlink()
    return True


def names() -> list[str]:
    """Return the names of all profiles."""
    return sorted(each.stem for each in _folder().glob("*.json"))


def _folder() -> Path:
    return Path("~").expanduser() / ".voxel51" / "profiles"


def _path(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise TokenError(f"invalid profile name {name!r}: use 1 to 64 letters, digits, '-', '_' and '.'")
    return _folder() / f"{name}.json"
