"""Indexes for lists and label searches of any length: of each owner, in the order by each field."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_JOB_LISTS = {
    **{
        field: (field, "id")
        for field in ("state", "archived", "expiration_date", "expired", "analytic_id", "compute_mode", "auto_start",
                      "start_date", "completion_date", "fail_date", "failure_type")
    },
    "id": ("id",),
    "name": ("name", "id", "internal"),
    "upload_date": ("upload_date", "id", "archived", "expired", "state"),
    "by_archived": ("archived", "upload_date", "id", "expired"),
    "by_expired": ("expired", "upload_date", "id", "archived"),
    "by_state": ("state", "archived", "upload_date", "id", "expired"),
}  # fmt: skip
_DATA_FIELDS = ("name", "size_bytes", "media_type", "expiration_date", "encoding")


def upgrade() -> None:
    """Add the indexes; drop those that they replace."""
    op.drop_index("ix_jobs_owner_upload_date", "jobs")
    op.drop_index("ix_jobs_owner_name", "jobs")
    op.create_index("ix_jobs_owner_id", "jobs", ["owner_id"])
    for name, fields in _JOB_LISTS.items():
        _of_jobs(f"list_{name}", ["owner_id", *fields], "internal", is_set=False)
    for flag in ("internal", "expired"):
        _of_jobs(flag, ["id", flag], flag, is_set=True)
    op.create_index("ix_uploads_owner_id", "uploads", ["owner_id"])
    _label_search()
    op.drop_index("ix_data_owner_name", "data")
    for field in _DATA_FIELDS:
        op.create_index(f"ix_data_owner_{field}", "data", ["owner_id", field, "id"])
    op.create_index("ix_data_owner_id", "data", ["owner_id", "id"])


def _of_jobs(name: str, columns: list[str], flag: str, *, is_set: bool) -> None:
    in_sqlite, in_postgresql = sa.text(f"{flag} IS {int(is_set)}"), sa.text(f"{flag} IS {is_set}")
    op.create_index(f"ix_jobs_{name}", "jobs", columns, sqlite_where=in_sqlite, postgresql_where=in_postgresql)


def _label_search() -> None:
    op.drop_index("ix_label_spans_owner_label_seconds", "label_spans")
    columns = ["owner_id", "label", "job_id", "seconds", "confidence"]
    op.create_index("ix_label_spans_owner_label", "label_spans", columns)
    columns, is_read = ["owner_id", "job_id", "text"], sa.text("text IS NOT NULL")
    op.create_index("ix_label_spans_owner_text", "label_spans", columns, sqlite_where=is_read, postgresql_where=is_read)
