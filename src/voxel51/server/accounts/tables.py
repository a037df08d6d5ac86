"""Users, applications, and the tokens of both."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Select, String, Table, select

from voxel51.server.accounts.callers import Application
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment

applications = Table(
    "applications",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("application_id", String(36), ForeignKey(applications.c.id)),  # null: of the platform itself
    Column("password_hash", String(256)),
    Column("created_at", Moment, nullable=False),
)
# A name is unique on the platform; each application has names of its own.
Index(
    "ix_users_platform_name",
    users.c.name,
    unique=True,
    sqlite_where=users.c.application_id.is_(None),
    postgresql_where=users.c.application_id.is_(None),
)
Index("ix_users_application_name", users.c.application_id, users.c.name, unique=True)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), index=True),
    Column("application_id", String(36), ForeignKey(applications.c.id, ondelete="CASCADE"), index=True),
    Column("name", String(128), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    CheckConstraint("(user_id IS NULL) <> (application_id IS NULL)", name="one_holder"),
)


def users_of(application: Application) -> Select[tuple[str]]:
    """The ids of all users of ``application``."""
    return select(users.c.id).where(users.c.application_id == application.id)
