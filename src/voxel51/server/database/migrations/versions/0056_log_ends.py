"""Number of characters that a job has printed, so that readers of its live log print each of them once."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    """Add the column. What running jobs printed before the upgrade is not counted."""
    op.add_column("job_activity", sa.Column("log_end", sa.BigInteger, nullable=False, server_default="0"))
