"""Sources that users register themselves, and the collections to which their files are added."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("sources", sa.Column("by_user", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("sources", sa.Column("removed_at", Moment))
    op.add_column("sources", sa.Column("left_out", sa.Text))
    op.create_table(
        "source_collections",
        sa.Column("source_id", sa.String(36), nullable=False),
        sa.Column("collection_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name="pk_source_collections"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name="fk_source_collections_source_id_sources", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collections.id"],
            name="fk_source_collections_collection_id_collections",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_source_collections_collection_id", "source_collections", ["collection_id"])
