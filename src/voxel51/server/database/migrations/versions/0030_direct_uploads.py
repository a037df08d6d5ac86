"""Uploads straight to the store: the size of their parts, and their id at the store."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Add the columns. Present uploads pass the platform."""
    op.add_column("uploads", sa.Column("part_bytes", sa.BigInteger))
    op.add_column("uploads", sa.Column("transfer_id", sa.Text))
