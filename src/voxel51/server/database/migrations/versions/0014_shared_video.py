"""Whether a share link shows the video, too."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column. Existing links share outputs only."""
    with op.batch_alter_table("shares") as table:
        table.add_column(sa.Column("shows_video", sa.Boolean, nullable=False, server_default=sa.false()))
