"""Hashes of stored files, and resumable uploads."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add hashes, which are unknown for existing files, and uploads."""
    op.add_column("data", sa.Column("sha256", sa.String(64)))
    op.create_index("ix_data_owner_sha256", "data", ["owner_id", "sha256"])
    op.add_column("attempts", sa.Column("output_sha256", sa.String(64)))
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(36)),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(255)),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("metadata_text", sa.Text, nullable=False),
        sa.Column("data_ttl", sa.String(64)),
        sa.Column("expected_sha256", sa.String(64)),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("storage_key", sa.String(128), nullable=False),
        sa.Column("data_id", sa.String(36)),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_uploads_owner_id_users"),
    )
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])
    op.create_index("ix_uploads_storage_key", "uploads", ["storage_key"])
