"""Tables of jobs, their run keys, attempts, partial results, checkpoints and share links, and of the fair share."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    false,
)

from voxel51.server.accounts.tables import users
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment
from voxel51.wire.query import JOBS_FIELDS

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id), nullable=False),
    Column("application_id", String(36)),  # of the owner; null: a user of the platform
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
    Column("retry_at", Moment),  # while it is queued: not to be claimed earlier, because its last attempt failed
    Column("queue_rank", Integer, nullable=False, server_default="0"),  # minus the priority: lower starts earlier
    Column("not_before", Moment),  # not to be claimed earlier, because its owner wants that
    Column("deadline", Moment),
    Column("scheduling", Document),  # the other options: see scheduling.py
    Column("status_text", Text),  # as the current attempt wrote it
    Column("frame_count", BigInteger),
    Column("duration_seconds", Float),
    Column("size_bytes", BigInteger),
    Column("reused", String(16)),  # whose earlier result the output is a copy of: a `ReusedFrom`; null: the job ran
    Index("ix_jobs_owner_id", "owner_id"),
    # From `retry_at` on, the index covers what keeps queued jobs from being claimed: many held jobs must cost little.
    Index(
        "ix_jobs_queue",
        *("state", "internal", "owner_id", "queue_rank", "queued_at", "id", "retry_at", "not_before", "analytic_id"),
    ),
)
# Covering indexes: statistics of ended jobs (how many, how long, whose) are read from these alone.
for _date, _covered in (
    (jobs.c.completion_date, (jobs.c.owner_id, jobs.c.start_date, jobs.c.internal)),
    (jobs.c.fail_date, (jobs.c.owner_id, jobs.c.start_date, jobs.c.internal, jobs.c.failure_type)),
):
    _known = _date.is_not(None)
    Index(f"ix_jobs_{_date.name}", _date, *_covered, sqlite_where=_known, postgresql_where=_known)

# The last complete jobs of an analytic that ran, of which its cost is measured (see analytic_facts.py).
_is_complete = and_(jobs.c.completion_date.is_not(None), jobs.c.reused.is_(None))
Index(
    "ix_jobs_analytic_completion_date",
    jobs.c.analytic_id,
    jobs.c.completion_date,
    sqlite_where=_is_complete,
    postgresql_where=_is_complete,
)

# The jobs of an analytic that have not ended, and those of them that have a deadline.
_has_not_ended = and_(jobs.c.completion_date.is_(None), jobs.c.fail_date.is_(None))
_is_due = and_(_has_not_ended, jobs.c.deadline.is_not(None))
Index("ix_jobs_deadline", jobs.c.deadline, jobs.c.state, sqlite_where=_is_due, postgresql_where=_is_due)
Index(
    "ix_jobs_analytic_active",
    jobs.c.analytic_id,
    jobs.c.state,
    sqlite_where=_has_not_ended,
    postgresql_where=_has_not_ended,
)

user_submitted = jobs.c.internal.is_(False)
"""Condition: the job was submitted by a user. Internal jobs are hidden from users."""

internal_job = jobs.c.internal.is_(True)
"""Condition: the job is an internal one."""

# Lists of an owner, and of an application: an index for the order by each field, and one for each filter in the default
# order. The latter cover the other filters, so that only rows of the page are read. `internal` is in the index of names
# for SQLite, which otherwise does not see that the index covers a search.
_DEFAULT_ORDER = ("upload_date", "id")
_LISTS: dict[str, tuple[str, ...]] = {
    **{field: (field, "id") for field in JOBS_FIELDS},
    "id": ("id",),
    "name": ("name", "id", "internal"),
    "upload_date": (*_DEFAULT_ORDER, "archived", "expired", "state"),
    "by_archived": ("archived", *_DEFAULT_ORDER, "expired"),
    "by_expired": ("expired", *_DEFAULT_ORDER, "archived"),
    "by_state": ("state", "archived", *_DEFAULT_ORDER, "expired"),
}
_of_application = and_(user_submitted, jobs.c.application_id.is_not(None))
for _name, _fields in _LISTS.items():
    for _holder, _prefix, _listed in (("owner_id", "list", user_submitted), ("application_id", "app", _of_application)):
        _columns = (jobs.c[field] for field in (_holder, *_fields))
        Index(f"ix_jobs_{_prefix}_{_name}", *_columns, sqlite_where=_listed, postgresql_where=_listed)
for _flag in (jobs.c.internal, jobs.c.expired):
    _is_set = _flag.is_(True)
    Index(f"ix_jobs_{_flag.name}", jobs.c.id, _flag, sqlite_where=_is_set, postgresql_where=_is_set)

job_run_keys = Table(
    "job_run_keys",  # of jobs of deterministic analytics: see result_cache.py
    metadata,
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("owner_id", String(36), nullable=False),
    Column("run_key", String(64), nullable=False),
    # For the other users of an application that shares results; null: this result is not shared.
    Column("application_id", String(36)),
    Column("shared_key", String(64)),
    Index("ix_job_run_keys_owner_id_run_key", "owner_id", "run_key", "job_id"),
)
_is_shared = job_run_keys.c.shared_key.is_not(None)
Index(
    "ix_job_run_keys_application_id_shared_key",
    *(job_run_keys.c[name] for name in ("application_id", "shared_key", "job_id")),
    sqlite_where=_is_shared,
    postgresql_where=_is_shared,
)

job_inputs = Table(
    "job_inputs",  # the data that a job of a user was given, for filters of data by their jobs
    metadata,
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("data_id", String(36), primary_key=True),  # which may be deleted
    Column("owner_id", String(36), nullable=False),
    Column("analytic_id", String(36), nullable=False),
    Index("ix_job_inputs_data_id", "data_id", "analytic_id", "job_id"),
    Index("ix_job_inputs_owner_id", "owner_id", "analytic_id", "data_id", "job_id"),
)

job_dependencies = Table(
    "job_dependencies",  # the jobs whose output a job takes: see dependencies.py
    metadata,
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("source_id", String(36), primary_key=True),
    Index("ix_job_dependencies_source_id", "source_id", "job_id"),
)

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
    Column("dispatcher_id", String(36)),  # the process of the platform that claimed it
    Column("process_id", Integer),
    Column("process_started_at", Float),
    Column("machine", String(128)),  # on which the two above identify a process
    Column("ended_at", Moment, index=True),
    Column("end_detail", Text),
    Column("failure_type", String(16)),  # the fault that ended it, if the job runs again after that: see retries.py
    Column("output_key", String(128), index=True),
    Column("output_sha256", String(64)),  # in hexadecimal, as are all hashes
    Column("output_size_bytes", BigInteger),  # null for outputs and logs older than these columns
    Column("log_key", String(128), index=True),
    Column("log_sha256", String(64)),
    Column("log_size_bytes", BigInteger),
)

partial_parts = Table(
    "partial_parts",
    metadata,
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1, in the order in which they arrived
    Column("attempt_id", String(36), nullable=False),  # the attempt that sent it
    Column("owner_id", String(36), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),  # labels of a video, JSON, gzipped
    Index("ix_partial_parts_owner_id_job_id_size_bytes", "owner_id", "job_id", "size_bytes"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("attempt_id", String(36), nullable=False),  # the attempt that saved it
    Column("parts", Integer, nullable=False),  # number of partial parts that belong to it
    Column("saved_at", Moment, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

job_activity = Table(
    "job_activity",
    metadata,
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("attempt_id", String(36), nullable=False),  # the attempt that reported it
    Column("samples", Document, nullable=False),
    Column("log", Text, nullable=False),  # the last characters that it printed
    Column("log_end", BigInteger, nullable=False, server_default="0"),  # how many characters it has printed
)
