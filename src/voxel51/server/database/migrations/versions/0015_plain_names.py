"""Tables and columns renamed to the terms of the documentation."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0015"
down_revision = "0014"

_BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Move the rows into tables with the new names, and rename single columns in place.

    Renaming a table would keep the old names of its constraints on SQLite, which cannot rename them; a new table has
    the right names on every database. No other table refers to any of these.
    """
    _fair_share()
    _idempotency_keys()
    _one_time_keys()
    _oidc_identities()
    _audit_log()
    _label_spans()
    _webhook_cursor()
    op.execute("ALTER TABLE attempts RENAME COLUMN stop_wanted TO stop_requested")
    op.execute("ALTER TABLE renditions RENAME COLUMN maker_id TO internal_job_id")


def _fair_share() -> None:
    op.create_table(
        "fair_share",
        sa.Column("owner_id", sa.String(36)),
        sa.Column("last_served_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name="pk_fair_share"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_fair_share_owner_id_users", ondelete="CASCADE"),
    )
    _move("turns", "fair_share", ["owner_id"], last_served_at="served_at")


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.String(64)),
        sa.Column("key_hash", sa.String(64)),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("headers", Document, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("caller", "key_hash", name="pk_idempotency_keys"),
    )
    same = ["caller", "key_hash", "fingerprint", "status", "headers", "body", "created_at"]
    _move("answers", "idempotency_keys", same)
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def _one_time_keys() -> None:
    op.create_table(
        "one_time_keys",
        sa.Column("id", sa.String(36)),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(36)),
        sa.Column("role", sa.String(16)),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_one_time_keys"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_one_time_keys_user_id_users", ondelete="CASCADE"),
        sa.UniqueConstraint("key_hash", name="uq_one_time_keys_key_hash"),
    )
    _move("passes", "one_time_keys", ["id", "user_id", "role", "key_hash", "created_at", "expires_at"], purpose="kind")
    op.create_index("ix_one_time_keys_user_id", "one_time_keys", ["user_id"])
    op.create_index("ix_one_time_keys_expires_at", "one_time_keys", ["expires_at"])


def _oidc_identities() -> None:
    op.create_table(
        "oidc_identities",
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_oidc_identities"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_oidc_identities_user_id_users", ondelete="CASCADE"),
    )
    _move("identities", "oidc_identities", ["issuer", "subject", "user_id", "created_at"])
    op.create_index("ix_oidc_identities_user_id", "oidc_identities", ["user_id"])


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", _BIG_ID),
        sa.Column("date", Moment, nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("account_name", sa.String(64), nullable=False),
        sa.Column("details", Document, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    _move("audit", "audit_log", ["id", "date", "actor", "action", "account", "account_name", "details"])
    _continue_ids("audit_log")
    op.create_index("ix_audit_log_date", "audit_log", ["date"])
    op.create_index("ix_audit_log_account_id", "audit_log", ["account", "id"])


def _label_spans() -> None:
    op.create_table(
        "label_spans",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("label", sa.String(255), nullable=False),
        sa.Column("track", sa.BigInteger),
        sa.Column("text", sa.String(255)),
        sa.Column("first_frame", sa.BigInteger, nullable=False),
        sa.Column("last_frame", sa.BigInteger, nullable=False),
        sa.Column("frame_count", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("confidence", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_label_spans"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_label_spans_job_id_jobs", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_label_spans_owner_id_users"),
    )
    same = ["id", "job_id", "owner_id", "kind", "label", "track", "text", "first_frame", "last_frame", "frame_count",
            "seconds", "confidence"]  # fmt: skip
    _move("spans", "label_spans", same)
    _continue_ids("label_spans")
    op.create_index("ix_label_spans_job_id_label", "label_spans", ["job_id", "label"])
    op.create_index("ix_label_spans_owner_label_seconds", "label_spans", ["owner_id", "label", "seconds"])


def _webhook_cursor() -> None:
    op.create_table(
        "webhook_cursor",
        sa.Column("id", sa.Integer, autoincrement=False),
        sa.Column("last_event_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_cursor"),
    )
    _move("webhook_progress", "webhook_cursor", ["id"], last_event_id="event_id")


def _move(old: str, new: str, same: list[str], **renamed: str) -> None:
    """Copy all rows of ``old`` into ``new`` and drop ``old``. ``renamed``: new name of a column -> old name."""
    into = ", ".join([*same, *renamed])
    values = ", ".join([*same, *renamed.values()])
    op.execute(f"INSERT INTO {new} ({into}) SELECT {values} FROM {old}")  # noqa: S608  (constant names)
    op.drop_table(old)


def _continue_ids(table: str) -> None:
    """Let PostgreSQL number new rows after the copied ones; its sequence saw none of them. SQLite needs no help."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "  # noqa: S608  (constant names)
            f"(SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"
        )
