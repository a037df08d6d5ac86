"""Applications with tokens, users and analytics of their own; answers kept for repeated requests."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add applications and answers."""
    _applications()
    _users()
    _tokens()
    _analytics()
    _answers()


def _applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.String(36)),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        sa.UniqueConstraint("name", name="uq_applications_name"),
    )


def _users() -> None:
    with op.batch_alter_table("users") as users:
        users.create_foreign_key("fk_users_application_id_applications", "applications", ["application_id"], ["id"])
    op.create_index("ix_users_application_name", "users", ["application_id", "name"], unique=True)


def _tokens() -> None:
    with op.batch_alter_table("tokens") as tokens:
        tokens.alter_column("user_id", existing_type=sa.String(36), nullable=True)
        tokens.add_column(sa.Column("application_id", sa.String(36)))
        tokens.create_foreign_key(
            "fk_tokens_application_id_applications", "applications", ["application_id"], ["id"], ondelete="CASCADE"
        )
        tokens.create_check_constraint("one_holder", "(user_id IS NULL) <> (application_id IS NULL)")
    op.create_index("ix_tokens_application_id", "tokens", ["application_id"])


def _analytics() -> None:
    with op.batch_alter_table("analytics") as analytics:
        analytics.add_column(sa.Column("owner", sa.String(64), nullable=False, server_default="platform"))
        analytics.drop_constraint("fk_analytics_owner_id_users", type_="foreignkey")
        analytics.drop_column("owner_id")
        analytics.drop_constraint("uq_analytics_name_version", type_="unique")
        analytics.create_unique_constraint("uq_analytics_owner_name_version", ["owner", "name", "version"])
    with op.batch_alter_table("analytics") as analytics:
        analytics.alter_column("owner", existing_type=sa.String(64), server_default=None)
    op.create_index("ix_analytics_name", "analytics", ["name"])


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("caller", sa.String(64)),
        sa.Column("key_hash", sa.String(64)),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("headers", Document, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("caller", "key_hash", name="pk_answers"),
    )
    op.create_index("ix_answers_created_at", "answers", ["created_at"])
