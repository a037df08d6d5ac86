"""Users and their tokens."""

from sqlalchemy import Column, ForeignKey, Index, String, Table

from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment

users = Table(
    "users",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("application_id", String(36)),
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

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(128), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)
