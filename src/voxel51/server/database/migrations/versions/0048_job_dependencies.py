"""Dependencies of jobs: the jobs whose output a job takes."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "job_dependencies",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("source_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "source_id", name="pk_job_dependencies"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_dependencies_job_id_jobs", ondelete="CASCADE"),
    )
    op.create_index("ix_job_dependencies_source_id", "job_dependencies", ["source_id", "job_id"])
