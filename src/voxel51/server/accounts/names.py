"""Names of people and of applications."""

import re

from voxel51.server.errors import BadRequest

RESERVED_NAMES = frozenset({"voxel51", "admin", "apps"})
LONGEST_NAME = 64
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")


def check_name(kind: str, name: str) -> None:
    """Pass silently when ``name`` will do for a ``kind``, such as a user.

    Raises:
        BadRequest: it will not.
    """
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"{name!r} is no {kind} name: take 1 to {LONGEST_NAME} letters, digits, '.', '_', '-', "
            "a letter or digit first"
        )
    if name.lower() in RESERVED_NAMES:
        raise BadRequest(f"The {kind} name {name!r} is reserved; take another")
