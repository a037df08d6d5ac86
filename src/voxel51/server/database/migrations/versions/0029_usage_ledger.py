"""The usage ledger, beginning with what is on record."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Add the tables, and an entry for each stored file and each ended job of a user that is on record."""
    op.create_table(
        "usage_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("bytes_change", sa.BigInteger, nullable=False),
        sa.Column("failure_type", sa.String(16)),
        sa.Column("started_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_usage_entries"),
    )
    op.create_table(
        "usage_months",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("bytes_change", sa.BigInteger, nullable=False),
        sa.Column("change_byte_seconds", sa.Float, nullable=False),
        sa.Column("uploaded_bytes", sa.BigInteger, nullable=False),
        sa.Column("completed", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("job_seconds", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "month", name="pk_usage_months"),
    )
    op.create_index("ix_usage_months_month", "usage_months", ["month"])
    op.create_table(
        "usage_owners",
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("username", sa.String(255), nullable=False),
        sa.Column("application", sa.String(255)),
        sa.Column("application_id", sa.String(36)),
        sa.Column("deleted_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name="pk_usage_owners"),
    )
    op.create_index("ix_usage_owners_application_id", "usage_owners", ["application_id"])
    op.execute(
        "INSERT INTO usage_entries (owner_id, at, bytes_change) SELECT owner_id, min(upload_date), max(size_bytes) "
        "FROM data WHERE storage_key IS NOT NULL GROUP BY owner_id, storage_key"
    )
    op.execute(
        "INSERT INTO usage_entries (owner_id, at, bytes_change, failure_type, started_at) "
        "SELECT owner_id, coalesce(completion_date, fail_date), 0, "
        "CASE WHEN completion_date IS NULL THEN failure_type ELSE 'NONE' END, start_date FROM jobs "
        "WHERE (completion_date IS NOT NULL OR fail_date IS NOT NULL) AND NOT internal"
    )
