"""Hosts that analytics ask for, and the grants of operators."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Add the tables. No earlier manifest asks for hosts."""
    op.create_table(
        "analytic_hosts",
        sa.Column("analytic_id", sa.String(36), nullable=False),
        sa.Column("host", sa.String(260), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("analytic_id", "host", name="pk_analytic_hosts"),
        sa.ForeignKeyConstraint(
            ["analytic_id"], ["analytics.id"], name="fk_analytic_hosts_analytic_id_analytics", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "network_grants",
        sa.Column("analytic_owner", sa.String(64), nullable=False),
        sa.Column("analytic_name", sa.String(255), nullable=False),
        sa.Column("host", sa.String(260), nullable=False),
        sa.Column("private_networks", Document, nullable=False),
        sa.Column("granted_by", sa.String(255), nullable=False),
        sa.Column("grant_date", Moment, nullable=False),
        sa.PrimaryKeyConstraint("analytic_owner", "analytic_name", "host", name="pk_network_grants"),
    )
