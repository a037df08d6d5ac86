"""Schedules, and their runs."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "schedules",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("application_id", sa.String(36)),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("cron", sa.String(255), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("missed_runs", sa.String(16), nullable=False),
        sa.Column("run", Document, nullable=False),
        sa.Column("next_at", Moment),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_schedules_owner_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_schedules_owner_created_at", "schedules", ["owner_id", "created_at", "id"])
    op.create_index("ix_schedules_next_at", "schedules", ["next_at"])
    op.create_table(
        "schedule_runs",
        sa.Column("schedule_id", sa.String(36), nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("ran_at", Moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("started_id", sa.String(36)),
        sa.Column("message", sa.Text),
        sa.PrimaryKeyConstraint("schedule_id", "due_at", name="pk_schedule_runs"),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name="fk_schedule_runs_schedule_id_schedules", ondelete="CASCADE"
        ),
    )
