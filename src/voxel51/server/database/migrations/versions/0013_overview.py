"""Covering indexes for queries over all owners."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the indexes; that of the queue tells the platform's own jobs from those of people."""
    op.drop_index("ix_jobs_state_owner_queued_at", "jobs")
    op.create_index("ix_jobs_queue", "jobs", ["state", "internal", "owner_id", "queued_at", "id"])
    _known("jobs", "completion_date", ["owner_id", "start_date", "internal"], "completion_date")
    _known("jobs", "fail_date", ["owner_id", "start_date", "internal", "failure_type"], "fail_date")
    _known("data", "upload_date", ["owner_id", "size_bytes"], "storage_key")
    op.create_index("ix_data_owner_storage_key", "data", ["owner_id", "storage_key", "size_bytes"])


def _known(table: str, date: str, columns: list[str], known: str) -> None:
    is_known = sa.text(f"{known} IS NOT NULL")
    name = f"ix_{table}_{date}"
    op.create_index(name, table, [date, *columns], sqlite_where=is_known, postgresql_where=is_known)
