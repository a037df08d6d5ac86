"""Results that the users of an application share, and jobs whose output is a copy of an earlier result."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    """Add the columns. Jobs that were submitted before are not shared, and measure the cost of their analytics."""
    op.add_column("applications", sa.Column("shares_results", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("jobs", sa.Column("reused", sa.String(16)))
    op.add_column("job_run_keys", sa.Column("application_id", sa.String(36)))
    op.add_column("job_run_keys", sa.Column("shared_key", sa.String(64)))
    is_shared = sa.text("shared_key IS NOT NULL")
    op.create_index(
        "ix_job_run_keys_application_id_shared_key",
        "job_run_keys",
        ["application_id", "shared_key", "job_id"],
        sqlite_where=is_shared,
        postgresql_where=is_shared,
    )
    op.drop_index("ix_jobs_analytic_completion_date", "jobs")
    ran = sa.text("completion_date IS NOT NULL AND reused IS NULL")
    columns = ["analytic_id", "completion_date"]
    op.create_index("ix_jobs_analytic_completion_date", "jobs", columns, sqlite_where=ran, postgresql_where=ran)
