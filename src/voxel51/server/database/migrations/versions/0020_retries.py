"""Jobs wait after a lost attempt: the time of their next one."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the column: jobs that are queued already may start at once."""
    op.add_column("jobs", sa.Column("retry_at", Moment))
