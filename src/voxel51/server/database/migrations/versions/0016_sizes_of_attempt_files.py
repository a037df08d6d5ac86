"""Sizes of outputs and logs, and hashes of logs: a damaged file is recognized by them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the columns. The sizes of existing files remain unknown."""
    for column in ("output_size_bytes", "log_size_bytes"):
        op.add_column("attempts", sa.Column(column, sa.BigInteger))
    op.add_column("attempts", sa.Column("log_sha256", sa.String(64)))
