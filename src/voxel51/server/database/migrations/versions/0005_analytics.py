"""Images of analytics, and analytics that were deleted."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add images; nothing is deleted yet."""
    op.add_column("analytics", sa.Column("deleted", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "analytic_images",
        sa.Column("analytic_id", sa.String(36)),
        sa.Column("type", sa.String(8)),
        sa.Column("storage_key", sa.String(128), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("upload_date", Moment, nullable=False),
        sa.PrimaryKeyConstraint("analytic_id", "type", name="pk_analytic_images"),
        sa.ForeignKeyConstraint(
            ["analytic_id"], ["analytics.id"], name="fk_analytic_images_analytic_id_analytics", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_analytic_images_storage_key", "analytic_images", ["storage_key"])
