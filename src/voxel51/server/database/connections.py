"""Number of connections to PostgreSQL: what each process may open, and whether the server allows that many."""

import logging

from sqlalchemy import Connection, select, text

from voxel51.server.database.database import Database
from voxel51.server.database.tables import processes
from voxel51.server.roles import Role
from voxel51.server.settings import Settings

log = logging.getLogger(__name__)

_OF_DISPATCHER = 12
"""Connections of a process that serves no requests: one for each of its threads, and some for deliveries."""

_LISTENING = 1

_ALLOWED = text(
    """
    SELECT least(
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0),
        (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
        (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
    )
    """
)


def most_connections(settings: Settings, role: Role | None = None) -> int:
    """Return how many connections the pool of a process with this role, by default that of the settings, may have."""
    is_dispatcher = (role or settings.role) is Role.DISPATCHER
    return min(_OF_DISPATCHER, settings.database_connections) if is_dispatcher else settings.database_connections


def shortage(database: Database, settings: Settings) -> str | None:
    """Return a sentence if this start and the processes that run may need more connections than the server allows."""
    if database.engine.dialect.name != "postgresql":
        return None
    with database.read() as connection:
        allowed = connection.execute(_ALLOWED).scalar_one()
        needed = sum(most_connections(settings, role) + _LISTENING for role in (*_own(settings), *_others(connection)))
    if needed <= allowed:
        return None
    return (
        f"the processes of this platform may need {needed} connections, and PostgreSQL allows {allowed}. Lower "
        f"database_connections, which is {settings.database_connections}, or raise the limit of the server "
        "(max_connections), the role or the database; requests without a connection get status 503"
    )


def warn_of_shortage(database: Database, settings: Settings) -> None:
    """Log `shortage`."""
    if (text_of := shortage(database, settings)) is not None:
        log.warning("%s", text_of)


def _own(settings: Settings) -> list[Role]:
    """Return the roles of the processes of one start."""
    if settings.workers == 1:
        return [settings.role]
    return [Role.API] * settings.workers + [Role.DISPATCHER] * settings.role.runs_jobs


def _others(connection: Connection) -> list[Role]:
    return [Role(role) for role in connection.execute(select(processes.c.role)).scalars()]
