"""Tables of batches and their items."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from voxel51.server.accounts.tables import users
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

batches = Table(
    "batches",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("application_id", String(36)),  # of the owner; null: a user of the platform
    Column("name", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("analytic", String(255), nullable=False),  # the full name
    Column("version", String(64), nullable=False),
    Column("compute_mode", String(8), nullable=False),
    Column("input_name", String(255), nullable=False),
    Column("parameter_sets", Document, nullable=False),
    Column("max_running", Integer, nullable=False),
    Column("fresh", Boolean, nullable=False),
    Column("scheduling", Document),  # of its jobs; null: none
    Column("item_count", Integer, nullable=False),
    Column("counts", Document),  # of the items by state, once the batch has ended
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Index("ix_batches_owner_archived_created_at", "owner_id", "archived", "created_at", "id"),
    Index("ix_batches_state", "state", "id"),
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("batch_id", String(36), ForeignKey(batches.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1, in the order in which they are run
    Column("data_id", String(36), nullable=False),
    Column("parameter_set", Integer, nullable=False),  # position in the batch's parameter sets
    Column("state", String(16), nullable=False),
    Column("job_id", String(36)),
    Column("message", Text),  # why it failed
    Index("ix_batch_items_batch_id_state", "batch_id", "state", "number"),
)
