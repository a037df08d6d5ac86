"""Videos whose renditions are to be made in the background."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the table. Videos that were uploaded before get their renditions on request."""
    op.create_table(
        "preparations",
        sa.Column("data_id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("queued_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("data_id", name="pk_preparations"),
        sa.ForeignKeyConstraint(["data_id"], ["data.id"], name="fk_preparations_data_id_data", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_preparations_owner_id_users"),
    )
    columns = ["owner_id", "stage", "queued_at", "data_id"]
    op.create_index("ix_preparations_owner_stage_queued_at", "preparations", columns)
