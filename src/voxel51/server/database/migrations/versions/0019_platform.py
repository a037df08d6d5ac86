"""The platform that owns the database: which storage has its files, and which process runs on it."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the table, without its row: the first start adds it."""
    op.create_table(
        "platform",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("storage_id", sa.String(36), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("program_version", sa.String(64), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("runner_id", sa.String(36)),
        sa.Column("runner_place", sa.Text),
        sa.Column("running_until", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_platform"),
    )
