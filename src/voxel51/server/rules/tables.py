"""Tables of rules, and of the items that they note: a video with one analytic of the rule."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from voxel51.server.accounts.tables import users
from voxel51.server.collections.tables import collections
from voxel51.server.data.tables import data, sources
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

rules = Table(
    "rules",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("application_id", String(36)),  # of the owner; null: a user of the platform
    Column("name", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("trigger", String(16), nullable=False),
    # A rule is deleted with the collection or source that it waits for.
    Column("collection_id", String(36), ForeignKey(collections.c.id, ondelete="CASCADE"), index=True),
    Column("source_id", String(36), ForeignKey(sources.c.id, ondelete="CASCADE"), index=True),
    Column("runs", Document, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_rules_owner_created_at", "owner_id", "created_at", "id"),
)

rule_items = Table(
    "rule_items",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("rule_id", String(36), ForeignKey(rules.c.id, ondelete="CASCADE"), nullable=False),
    Column("data_id", String(36), ForeignKey(data.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("run", Integer, nullable=False),  # position in the runs of the rule
    Column("state", String(16), nullable=False),
    Column("job_id", String(36)),
    Column("message", Text),  # why it failed
    Column("noted_at", Moment, nullable=False),
    Column("settled_at", Moment),  # when it failed or its job ended
    # Each video once: also if it is removed from the collection and added again.
    UniqueConstraint("rule_id", "data_id", "run"),
    Index("ix_rule_items_rule_id_noted_at", "rule_id", "noted_at", "id"),
    Index("ix_rule_items_rule_id_state", "rule_id", "state", "noted_at", "id"),
)
