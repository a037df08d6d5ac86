"""Database migrations: one file per step, each applied once, in order."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Apply the missing migrations up to ``revision``, within the connection's transaction."""
    command.upgrade(_configuration(connection), revision)


def newest_revision() -> str:
    """Return the revision that `upgrade` leads to."""
    return str(ScriptDirectory.from_config(_configuration()).get_current_head())


def unknown_revision(engine: Engine) -> str | None:
    """Return the revision of a database if this version does not know it: a newer version has migrated it."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions()}
    return None if found is None or found in known else found


def _configuration(connection: Connection | None = None) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    configuration.attributes["connection"] = connection
    return configuration
