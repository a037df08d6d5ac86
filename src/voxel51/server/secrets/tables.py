"""Tables of secrets and of the analytics that may use each."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, Text, UniqueConstraint

from voxel51.server.accounts.tables import applications, users
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment

secrets = Table(
    "secrets",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE")),
    Column("application_id", String(36), ForeignKey(applications.c.id, ondelete="CASCADE")),
    Column("name", String(64), nullable=False),
    Column("value", Text, nullable=False),  # encrypted
    Column("upload_date", Moment, nullable=False),
    Column("change_date", Moment, nullable=False),
    UniqueConstraint("user_id", "name"),
    UniqueConstraint("application_id", "name"),
    CheckConstraint("(user_id IS NULL) <> (application_id IS NULL)", name="one_holder"),
)

grants = Table(
    "secret_grants",
    metadata,
    Column("secret_id", String(36), ForeignKey(secrets.c.id, ondelete="CASCADE"), primary_key=True),
    # The owner too: a name may be that of another owner's analytic later.
    Column("analytic_owner", String(64), primary_key=True),
    Column("analytic_name", String(255), primary_key=True),
)
