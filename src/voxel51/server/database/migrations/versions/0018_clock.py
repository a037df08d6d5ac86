"""The time at which the platform last believed its clock."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Create the table, without its row: the first start adds it."""
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("run_seconds", sa.Float, nullable=False),
        sa.Column("steady_seconds", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clock"),
    )
