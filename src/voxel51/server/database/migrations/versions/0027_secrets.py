"""Secrets of users and applications, and the analytics that may use them."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "secrets",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36)),
        sa.Column("application_id", sa.String(36)),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("upload_date", Moment, nullable=False),
        sa.Column("change_date", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_secrets"),
        sa.UniqueConstraint("user_id", "name", name="uq_secrets_user_id_name"),
        sa.UniqueConstraint("application_id", "name", name="uq_secrets_application_id_name"),
        sa.CheckConstraint("(user_id IS NULL) <> (application_id IS NULL)", name="ck_secrets_one_holder"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_secrets_user_id_users", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_secrets_application_id_applications", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "secret_grants",
        sa.Column("secret_id", sa.String(36), nullable=False),
        sa.Column("analytic_owner", sa.String(64), nullable=False),
        sa.Column("analytic_name", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("secret_id", "analytic_owner", "analytic_name", name="pk_secret_grants"),
        sa.ForeignKeyConstraint(
            ["secret_id"], ["secrets.id"], name="fk_secret_grants_secret_id_secrets", ondelete="CASCADE"
        ),
    )
