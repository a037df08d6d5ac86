"""Reviews: versions of the labels of jobs."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("base", sa.Integer, nullable=False),
        sa.Column("reviewer", sa.String(255), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("edits", Document, nullable=False),
        sa.Column("changes", Document, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("undecided", sa.Integer, nullable=False),
        sa.Column("storage_key", sa.String(128)),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_reviews_owner_id_users", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_reviews_job_id_jobs", ondelete="CASCADE"),
        sa.UniqueConstraint("job_id", "version", name="uq_reviews_job_id_version"),
    )
    op.create_index("ix_reviews_owner_created_at", "reviews", ["owner_id", "created_at", "id"])
    op.create_index("ix_reviews_storage_key", "reviews", ["storage_key"])
