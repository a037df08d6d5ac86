"""Names of people and of applications."""

import re

from voxel51.server.errors import BadRequest

RESERVED_NAMES = frozenset({"voxel51", "admin", "apps"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_name(kind: str, name: str) -> None:
    """Pass silently when ``name`` will do for a ``kind``, such as a user.

    Raises:
        BadRequest: it will not.
    """
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"{name!r} is no {kind} name: take 1 to 64 letters, digits, '.', '_', '-', a letter or digit first"
        )
    if name.lower() in RESERVED_NAMES:
        raise BadRequest(f"The {kind} name {name!r} is reserved; take another")
