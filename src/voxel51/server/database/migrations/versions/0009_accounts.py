"""Roles, scopes and ends of tokens, sessions, invitations, other people's sign-ins, and the audit log."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns and tables, and make the first user of the platform its operator."""
    _extend_users()
    _extend_tokens()
    _passes()
    _identities()
    _audit()


def _extend_users() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("role", sa.String(16), nullable=False, server_default="member"))
        users.add_column(sa.Column("email", sa.String(320)))
        users.add_column(sa.Column("suspended_at", Moment))
        users.add_column(sa.Column("deleted_at", Moment))
    table = sa.table("users", sa.column("id"), sa.column("role"), sa.column("application_id"), sa.column("created_at"))
    own = sa.select(table.c.id).where(table.c.application_id.is_(None))
    first = op.get_bind().execute(own.order_by(table.c.created_at, table.c.id).limit(1)).scalar()
    op.execute(sa.update(table).where(table.c.id == first).values(role="operator"))


def _extend_tokens() -> None:
    with op.batch_alter_table("tokens") as tokens:
        tokens.add_column(sa.Column("kind", sa.String(16), nullable=False, server_default="token"))
        tokens.add_column(sa.Column("scopes", sa.String(64)))
        tokens.add_column(sa.Column("expires_at", Moment))
        tokens.add_column(sa.Column("last_used_at", Moment))
        tokens.create_index("ix_tokens_expires_at", ["expires_at"])


def _passes() -> None:
    op.create_table(
        "passes",
        sa.Column("id", sa.String(36)),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(36)),
        sa.Column("role", sa.String(16)),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_passes"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_passes_user_id_users", ondelete="CASCADE"),
        sa.UniqueConstraint("key_hash", name="uq_passes_key_hash"),
    )
    op.create_index("ix_passes_user_id", "passes", ["user_id"])
    op.create_index("ix_passes_expires_at", "passes", ["expires_at"])


def _identities() -> None:
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_identities_user_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_identities_user_id", "identities", ["user_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("date", Moment, nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("account_name", sa.String(64), nullable=False),
        sa.Column("details", Document, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_date", "audit", ["date"])
    op.create_index("ix_audit_account_id", "audit", ["account", "id"])
