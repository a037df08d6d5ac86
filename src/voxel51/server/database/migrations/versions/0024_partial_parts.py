"""Partial results of jobs, in parts."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0022"


def upgrade() -> None:
    """Add the table of parts. Jobs that ran before have none."""
    op.create_table(
        "partial_parts",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("attempt_id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_partial_parts"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_partial_parts_job_id_jobs", ondelete="CASCADE"),
    )
    columns = ["owner_id", "job_id", "size_bytes"]
    op.create_index("ix_partial_parts_owner_id_job_id_size_bytes", "partial_parts", columns)
