"""Bundles: uploaded sources of analytics, and the builds of their environments."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the table, and which version of an analytic its owner prefers."""
    op.add_column("analytics", sa.Column("preferred", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "analytic_bundles",
        sa.Column("analytic_id", sa.String(36), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("storage_key", sa.String(128), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("error", Document),
        sa.Column("module", sa.String(512)),
        sa.Column("lock", sa.Text),
        sa.Column("log_key", sa.String(128)),
        sa.Column("log_bytes", sa.BigInteger),
        sa.Column("log_sha256", sa.String(64)),
        sa.Column("queued_at", Moment, nullable=False),
        sa.Column("started_at", Moment),
        sa.Column("ended_at", Moment),
        sa.PrimaryKeyConstraint("analytic_id", name="pk_analytic_bundles"),
        sa.ForeignKeyConstraint(
            ["analytic_id"], ["analytics.id"], name="fk_analytic_bundles_analytic_id_analytics", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_analytic_bundles_storage_key", "analytic_bundles", ["storage_key"])
    op.create_index("ix_analytic_bundles_log_key", "analytic_bundles", ["log_key"])
    op.create_index("ix_analytic_bundles_state_queued_at", "analytic_bundles", ["state", "queued_at"])
