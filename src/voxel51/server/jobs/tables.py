"""Tables of jobs, their attempts and share links, and of the fair-share scheduler."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, false

from voxel51.server.accounts.tables import users
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id), nullable=False),
    Column("name", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("internal", Boolean, nullable=False, server_default=false()),  # see internal.py
    Column("upload_date", Moment, nullable=False),
    Column("expiration_date", Moment, nullable=False, index=True),
    Column("expired", Boolean, nullable=False),
    Column("analytic_id", String(36), ForeignKey(analytics.c.id), nullable=False),
    Column("compute_mode", String(8), nullable=False),
    Column("auto_start", Boolean, nullable=False),
    Column("queued_at", Moment),
    Column("start_date", Moment),
    Column("completion_date", Moment),
    Column("fail_date", Moment),
    Column("failure_type", String(16), nullable=False),
    Column("failure_message", Text),
    Column("request", Document, nullable=False),
    Column("output_filename", String(255), nullable=False),
    Column("attempt_id", String(36)),  # the current attempt: only its reports count
    Column("attempts_lost", Integer, nullable=False),
    Column("retry_at", Moment),  # while it is queued: not to be claimed earlier, because its last attempt was lost
    Column("status_text", Text),  # as the current attempt wrote it
    Column("frame_count", BigInteger),
    Column("duration_seconds", Float),
    Column("size_bytes", BigInteger),
    Index("ix_jobs_owner_upload_date", "owner_id", "upload_date", "id"),
    Index("ix_jobs_owner_name", "owner_id", "name"),
    Index("ix_jobs_queue", "state", "internal", "owner_id", "queued_at", "id"),
)
# Covering indexes: statistics of ended jobs (how many, how long, whose) are read from these alone.
for _date, _columns in (
    (jobs.c.completion_date, (jobs.c.owner_id, jobs.c.start_date, jobs.c.internal)),
    (jobs.c.fail_date, (jobs.c.owner_id, jobs.c.start_date, jobs.c.internal, jobs.c.failure_type)),
):
    _known = _date.is_not(None)
    Index(f"ix_jobs_{_date.name}", _date, *_columns, sqlite_where=_known, postgresql_where=_known)

user_submitted = jobs.c.internal.is_(False)
"""Condition: the job was submitted by a user. Internal jobs are hidden from users."""

fair_share = Table(
    "fair_share",
    metadata,
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True),
    Column("last_served_at", Moment, nullable=False),
)

shares = Table(
    "shares",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, index=True),  # null: the link does not expire
    Column("shows_video", Boolean, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("credential_hash", String(64), nullable=False, unique=True),
    Column("stop_requested", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("process_id", Integer),
    Column("process_started_at", Float),
    Column("ended_at", Moment, index=True),
    Column("end_detail", Text),
    Column("output_key", String(128), index=True),
    Column("output_sha256", String(64)),  # in hexadecimal, as are all hashes
    Column("output_size_bytes", BigInteger),  # null for outputs and logs older than these columns
    Column("log_key", String(128), index=True),
    Column("log_sha256", String(64)),
    Column("log_size_bytes", BigInteger),
)
