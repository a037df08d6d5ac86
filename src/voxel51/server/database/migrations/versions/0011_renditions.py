"""Renditions, and the platform's own jobs that make them."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("jobs", sa.Column("internal", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "renditions",
        sa.Column("maker_id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("subject", sa.String(48), nullable=False),
        sa.Column("data_id", sa.String(36)),
        sa.Column("job_id", sa.String(36)),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("variant", sa.String(64), nullable=False),
        sa.Column("used_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("maker_id", name="pk_renditions"),
        sa.ForeignKeyConstraint(["maker_id"], ["jobs.id"], name="fk_renditions_maker_id_jobs", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_renditions_owner_id_users"),
        sa.ForeignKeyConstraint(["data_id"], ["data.id"], name="fk_renditions_data_id_data", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_renditions_job_id_jobs", ondelete="CASCADE"),
        sa.UniqueConstraint("subject", "kind", "variant", name="uq_renditions_subject_kind_variant"),
    )
    op.create_index("ix_renditions_data_id", "renditions", ["data_id"])
    op.create_index("ix_renditions_job_id", "renditions", ["job_id"])
    op.create_index("ix_renditions_used_at", "renditions", ["used_at"])
    op.create_index("ix_renditions_owner_used_at", "renditions", ["owner_id", "used_at"])
