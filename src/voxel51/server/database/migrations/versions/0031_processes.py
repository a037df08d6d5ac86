"""Processes of the platform: several may run on one database, and each attempt belongs to one of them."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Add the table and the columns. The lease of the one process of earlier versions stays.

    Attempts that an earlier version left unsettled belong to no process, so the next start settles them.
    """
    op.create_table(
        "processes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("start_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("storage", sa.Text, nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("program_version", sa.String(64), nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("renewals", sa.BigInteger, nullable=False),
        sa.Column("state", Document),
        sa.PrimaryKeyConstraint("id", name="pk_processes"),
    )
    op.add_column("attempts", sa.Column("dispatcher_id", sa.String(36)))
    op.add_column("attempts", sa.Column("machine", sa.String(128)))
    op.add_column("platform", sa.Column("leader_id", sa.String(36)))
