"""Sources in place: folders and prefixes of buckets, and the files in them that are data."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "sources",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("scanned_at", Moment),
        sa.Column("problem", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_sources_owner_id_users"),
    )
    op.create_index("ix_sources_owner_id", "sources", ["owner_id"])
    op.create_table(
        "source_files",
        sa.Column("source_id", sa.String(36), nullable=False),
        sa.Column("path_hash", sa.String(64), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("data_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "path_hash", name="pk_source_files"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name="fk_source_files_source_id_sources", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_source_files_data_id", "source_files", ["data_id"])
