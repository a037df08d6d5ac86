"""Webhooks, their deliveries, and how far the events were read for them."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables of webhooks."""
    _webhooks()
    _deliveries()
    progress = op.create_table(
        "webhook_progress",
        sa.Column("id", sa.Integer, autoincrement=False),
        sa.Column("event_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_progress"),
    )
    op.bulk_insert(progress, [{"id": 1, "event_id": 0}])


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(36)),
        sa.Column("user_id", sa.String(36)),
        sa.Column("application_id", sa.String(36)),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        sa.Column("events", Document),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("previous_secret", sa.Text),
        sa.Column("previous_secret_until", Moment),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("disabled_reason", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("upload_date", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_webhooks_user_id_users", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_webhooks_application_id_applications", ondelete="CASCADE"
        ),
        sa.CheckConstraint("(user_id IS NULL) <> (application_id IS NULL)", name="one_holder"),
    )
    op.create_index("ix_webhooks_user_id", "webhooks", ["user_id"])
    op.create_index("ix_webhooks_application_id", "webhooks", ["application_id"])


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(36)),
        sa.Column("webhook_id", sa.String(36), nullable=False),
        sa.Column("event_id", sa.BigInteger),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("upload_date", Moment, nullable=False),
        sa.Column("last_attempt_date", Moment),
        sa.Column("last_status", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("next_attempt_date", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id_webhooks", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("webhook_id", "event_id", name="uq_webhook_deliveries_webhook_id_event_id"),
    )
    for name, columns in {
        "state_next_attempt_date": ["state", "next_attempt_date"],
        "webhook_id_upload_date": ["webhook_id", "upload_date", "id"],
        "upload_date": ["upload_date"],
    }.items():
        op.create_index(f"ix_webhook_deliveries_{name}", "webhook_deliveries", columns)
