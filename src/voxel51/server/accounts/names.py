"""Names of users and applications: which are valid, reserved or taken."""

import re

from sqlalchemy import Connection, func, select

from voxel51.server.accounts.tables import applications, users
from voxel51.server.errors import BadRequest, Conflict

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


def require_free_name(connection: Connection, name: str) -> None:
    """Raise `Conflict` if a user of the platform or an application has this name, in upper or lower case.

    A capital letter must not let one user pass for another. Analytics are named after their owners, so a user and an
    application cannot share a name either.

    Raises:
        Conflict: the name is taken.
    """
    wanted = name.lower()
    application = select(applications.c.name).where(func.lower(applications.c.name) == wanted)
    user = select(users.c.name).where(func.lower(users.c.name) == wanted, users.c.application_id.is_(None))
    for kind, same in (("An application", application), ("A user", user)):
        taken = connection.execute(same.limit(1)).scalar()
        if taken is not None:
            raise Conflict(f"{kind} named {taken!r} already exists; choose another name")
