"""Owners take turns."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Remember when each owner had a turn, and find the jobs that wait by their owners."""
    op.create_table(
        "turns",
        sa.Column("owner_id", sa.String(36)),
        sa.Column("served_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", name="pk_turns"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_turns_owner_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_jobs_state_owner_queued_at", "jobs", ["state", "owner_id", "queued_at", "id"])
    op.drop_index("ix_jobs_state_queued_at", "jobs")
