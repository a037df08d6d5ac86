"""What is looked at over all owners is read from indexes alone."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the indexes; that of the queue tells the platform's own jobs from those of people."""
    op.drop_index("ix_jobs_state_owner_queued_at", "jobs")
    op.create_index("ix_jobs_queue", "jobs", ["state", "internal", "owner_id", "queued_at", "id"])
    _ended("completion_date", ["owner_id", "start_date", "internal"])
    _ended("fail_date", ["owner_id", "start_date", "internal", "failure_type"])
    op.create_index("ix_data_upload_date_size", "data", ["upload_date", "size_bytes"])
    op.create_index("ix_data_owner_storage_key", "data", ["owner_id", "storage_key", "size_bytes"])


def _ended(date: str, columns: list[str]) -> None:
    is_known = sa.text(f"{date} IS NOT NULL")
    op.create_index(f"ix_jobs_{date}", "jobs", [date, *columns], sqlite_where=is_known, postgresql_where=is_known)
