"""Database migrations: one file per step, each applied once, in order.

Alembic applies them. It is imported only when there is something to apply: the start of the platform does not wait for
it otherwise.
"""

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

_FOLDER = Path(__file__).parent
_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's record of the revision of a database."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Apply the missing migrations up to ``revision``, within the connection's transaction."""
    from alembic import command  # noqa: PLC0415  (slow, and rarely needed)
    from alembic.config import Config  # noqa: PLC0415

    configuration = Config()
    configuration.set_main_option("script_location", str(_FOLDER))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, revision)


def revisions() -> list[str]:
    """Return all revisions, oldest first. The names of the files begin with them."""
    return sorted(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def newest_revision() -> str:
    """Return the revision that `upgrade` leads to."""
    return revisions()[-1]


def present_revision(connection: Connection) -> str | None:
    """Return the revision of a database; None if it has no tables."""
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.execute(select(_version.c.version_num)).scalar()
