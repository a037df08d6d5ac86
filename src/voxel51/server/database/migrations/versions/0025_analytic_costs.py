"""Index of the last complete jobs of each analytic, of which its cost is measured."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the index."""
    is_complete = sa.text("completion_date IS NOT NULL")
    op.create_index(
        "ix_jobs_analytic_completion_date",
        "jobs",
        ["analytic_id", "completion_date"],
        sqlite_where=is_complete,
        postgresql_where=is_complete,
    )
