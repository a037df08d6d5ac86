"""Tables of webhooks, their deliveries, and the cursor up to which events were turned into deliveries."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from voxel51.server.accounts.tables import applications, users
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), index=True),
    Column("application_id", String(36), ForeignKey(applications.c.id, ondelete="CASCADE"), index=True),
    Column("url", Text, nullable=False),  # encrypted, as are the secrets
    Column("description", String(255), nullable=False),
    Column("events", Document),  # null: all
    Column("secret", Text, nullable=False),
    Column("previous_secret", Text),
    Column("previous_secret_until", Moment),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", Text),
    Column("failures", Integer, nullable=False),  # failed deliveries in a row
    Column("upload_date", Moment, nullable=False),
    # The newest event when it was created: it receives later ones. Ids, because the clock may be set back.
    Column("after_event_id", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("(user_id IS NULL) <> (application_id IS NULL)", name="one_holder"),
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("webhook_id", String(36), ForeignKey(webhooks.c.id, ondelete="CASCADE"), nullable=False),
    Column("event_id", BigInteger),  # null: a test message
    Column("event", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("upload_date", Moment, nullable=False, index=True),
    Column("last_attempt_date", Moment),
    Column("last_status", Integer),
    Column("error", Text),
    Column("next_attempt_date", Moment),  # while an attempt runs: end of its lease
    UniqueConstraint("webhook_id", "event_id"),
    Index("ix_webhook_deliveries_state_next_attempt_date", "state", "next_attempt_date"),
    Index("ix_webhook_deliveries_webhook_id_upload_date", "webhook_id", "upload_date", "id"),
)

webhook_cursor = Table(
    "webhook_cursor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_event_id", BigInteger, nullable=False),  # events up to this one have become deliveries
)
"""Has one row, with id 1, which the migration inserts."""
