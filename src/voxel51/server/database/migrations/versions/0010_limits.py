"""Quotas, and links that share the result of a job."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "quotas",
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("running_jobs", sa.BigInteger),
        sa.PrimaryKeyConstraint("holder", name="pk_quotas"),
    )
    op.create_table(
        "shares",
        sa.Column("id", sa.String(36)),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_shares"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_shares_job_id_jobs", ondelete="CASCADE"),
        sa.UniqueConstraint("key_hash", name="uq_shares_key_hash"),
    )
    op.create_index("ix_shares_job_id", "shares", ["job_id"])
    op.create_index("ix_shares_expires_at", "shares", ["expires_at"])
