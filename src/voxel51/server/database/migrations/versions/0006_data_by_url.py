"""Data whose bytes are elsewhere, at a URL."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Allow a data row to name a source instead of a stored file."""
    with op.batch_alter_table("data") as data:
        data.alter_column("storage_key", existing_type=sa.String(128), nullable=True)
        data.add_column(sa.Column("source_url", sa.Text))
        data.create_check_constraint("one_place", "(storage_key IS NULL) <> (source_url IS NULL)")
