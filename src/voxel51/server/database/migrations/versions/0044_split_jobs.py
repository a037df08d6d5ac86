"""Split jobs and their parts."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """Add the tables. Jobs that were submitted before are not split."""
    op.create_table(
        "split_jobs",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("most_parts", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("filename", sa.String(255)),
        sa.Column("frame_total", sa.BigInteger),
        sa.Column("first_start", Moment),
        sa.Column("labels_id", sa.String(36)),
        sa.PrimaryKeyConstraint("job_id", name="pk_split_jobs"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_split_jobs_job_id_jobs", ondelete="CASCADE"),
    )
    op.create_index("ix_split_jobs_phase", "split_jobs", ["phase", "job_id"])
    op.create_table(
        "job_parts",
        sa.Column("parent_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("first_frame", sa.BigInteger, nullable=False),
        sa.Column("last_frame", sa.BigInteger, nullable=False),
        sa.Column("job_id", sa.String(36)),
        sa.Column("copied", sa.Integer, nullable=False),
        sa.Column("copied_attempt_id", sa.String(36)),
        sa.PrimaryKeyConstraint("parent_id", "number", name="pk_job_parts"),
        sa.ForeignKeyConstraint(["parent_id"], ["jobs.id"], name="fk_job_parts_parent_id_jobs", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_parts_job_id_jobs", ondelete="SET NULL"),
        sa.UniqueConstraint("job_id", name="uq_job_parts_job_id"),
    )
