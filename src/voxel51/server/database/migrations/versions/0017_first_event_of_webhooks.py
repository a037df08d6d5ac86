"""The event after which a webhook was created, so that its events are found by id and not by date."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; for present webhooks it is the last event before their date."""
    with op.batch_alter_table("webhooks") as table:
        table.add_column(sa.Column("after_event_id", sa.BigInteger, nullable=False, server_default="0"))
    op.execute(
        "UPDATE webhooks SET after_event_id = "
        "(SELECT coalesce(max(events.id), 0) FROM events WHERE events.date < webhooks.upload_date)"
    )
