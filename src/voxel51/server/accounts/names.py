"""Names of users and applications: which are valid, and which are reserved."""

import re

from voxel51.server.errors import BadRequest

RESERVED_NAMES = frozenset({"voxel51", "admin", "apps"})
MAX_NAME_LENGTH = 64
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_NAME_LENGTH - 1}}}")


def check_name(kind: str, name: str) -> None:
    """Raise `BadRequest` unless ``name`` is valid for a ``kind`` of account, "user" or "application".

    Raises:
        BadRequest: the name is invalid or reserved.
    """
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"{name!r} is not a valid {kind} name: use 1 to {MAX_NAME_LENGTH} letters, digits, '.', '_', '-', "
            "starting with a letter or digit"
        )
    if name.lower() in RESERVED_NAMES:
        raise BadRequest(f"The {kind} name {name!r} is reserved; choose another")
