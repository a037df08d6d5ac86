"""Events of jobs."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add events."""
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("date", Moment, nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_date", "events", ["date"])
    op.create_index("ix_events_owner_id_id", "events", ["owner_id", "id"])
    op.create_index("ix_events_job_id_name", "events", ["job_id", "name"])
