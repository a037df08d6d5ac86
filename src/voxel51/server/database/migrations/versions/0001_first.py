"""Users and tokens, data, analytics, jobs and attempts."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first tables."""
    _accounts()
    _data()
    _analytics()
    _jobs()
    _attempts()


def _id(name: str = "id", **options: object) -> "sa.Column[str]":
    return sa.Column(name, sa.String(36), **options)  # type: ignore[arg-type]


def _accounts() -> None:
    op.create_table(
        "users",
        _id(),
        sa.Column("name", sa.String(64), nullable=False),
        _id("application_id"),
        sa.Column("password_hash", sa.String(256)),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    platform_users = sa.text("application_id IS NULL")
    op.create_index(
        "ix_users_platform_name",
        "users",
        ["name"],
        unique=True,
        sqlite_where=platform_users,
        postgresql_where=platform_users,
    )
    op.create_table(
        "tokens",
        _id(),
        _id("user_id", nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id_users", ondelete="CASCADE"),
        sa.UniqueConstraint("key_hash", name="uq_tokens_key_hash"),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])


def _data() -> None:
    op.create_table(
        "data",
        _id(),
        _id("owner_id", nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(255)),
        sa.Column("encoding", sa.String(64)),
        sa.Column("upload_date", Moment, nullable=False),
        sa.Column("expiration_date", Moment, nullable=False),
        sa.Column("storage_key", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_data_owner_id_users"),
    )
    op.create_index("ix_data_expiration_date", "data", ["expiration_date"])
    op.create_index("ix_data_storage_key", "data", ["storage_key"])
    op.create_index("ix_data_owner_upload_date", "data", ["owner_id", "upload_date", "id"])
    op.create_index("ix_data_owner_name", "data", ["owner_id", "name"])


def _analytics() -> None:
    op.create_table(
        "analytics",
        _id(),
        _id("owner_id"),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("version_order", sa.String(255), nullable=False),
        sa.Column("latest", sa.Boolean, nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("analytic_type", sa.String(16), nullable=False),
        sa.Column("supports_cpu", sa.Boolean, nullable=False),
        sa.Column("supports_gpu", sa.Boolean, nullable=False),
        sa.Column("pending", sa.Boolean, nullable=False),
        sa.Column("upload_date", Moment, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.Column("entry_point", sa.String(255)),
        sa.PrimaryKeyConstraint("id", name="pk_analytics"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_analytics_owner_id_users"),
        sa.UniqueConstraint("name", "version", name="uq_analytics_name_version"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        _id(),
        _id("owner_id", nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("upload_date", Moment, nullable=False),
        sa.Column("expiration_date", Moment, nullable=False),
        sa.Column("expired", sa.Boolean, nullable=False),
        _id("analytic_id", nullable=False),
        sa.Column("compute_mode", sa.String(8), nullable=False),
        sa.Column("auto_start", sa.Boolean, nullable=False),
        *(sa.Column(name, Moment) for name in ("queued_at", "start_date", "completion_date", "fail_date")),
        sa.Column("failure_type", sa.String(16), nullable=False),
        sa.Column("failure_message", sa.Text),
        sa.Column("request", Document, nullable=False),
        sa.Column("output_filename", sa.String(255), nullable=False),
        _id("attempt_id"),
        sa.Column("attempts_lost", sa.Integer, nullable=False),
        sa.Column("status_text", sa.Text),
        sa.Column("frame_count", sa.BigInteger),
        sa.Column("duration_seconds", sa.Float),
        sa.Column("size_bytes", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_jobs_owner_id_users"),
        sa.ForeignKeyConstraint(["analytic_id"], ["analytics.id"], name="fk_jobs_analytic_id_analytics"),
    )
    op.create_index("ix_jobs_expiration_date", "jobs", ["expiration_date"])
    op.create_index("ix_jobs_owner_upload_date", "jobs", ["owner_id", "upload_date", "id"])
    op.create_index("ix_jobs_owner_name", "jobs", ["owner_id", "name"])
    op.create_index("ix_jobs_state_queued_at", "jobs", ["state", "queued_at"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        _id(),
        _id("job_id", nullable=False),
        sa.Column("credential_hash", sa.String(64), nullable=False),
        sa.Column("stop_wanted", sa.Boolean, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("process_id", sa.Integer),
        sa.Column("process_started_at", sa.Float),
        sa.Column("ended_at", Moment),
        sa.Column("end_detail", sa.Text),
        sa.Column("output_key", sa.String(128)),
        sa.Column("log_key", sa.String(128)),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_attempts_job_id_jobs", ondelete="CASCADE"),
        sa.UniqueConstraint("credential_hash", name="uq_attempts_credential_hash"),
    )
    for column in ("job_id", "ended_at", "output_key", "log_key"):
        op.create_index(f"ix_attempts_{column}", "attempts", [column])
