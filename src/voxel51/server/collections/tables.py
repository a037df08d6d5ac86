"""Tables of collections, their members and the users with whom they are shared, and of saved searches."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from voxel51.server.accounts.tables import users
from voxel51.server.data.tables import data, sources
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment

collections = Table(
    "collections",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("name", String(128), nullable=False, index=True),
    Column("description", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("owner_id", "name"),
)

collection_members = Table(
    "collection_members",
    metadata,
    Column("collection_id", String(36), ForeignKey(collections.c.id, ondelete="CASCADE"), primary_key=True),
    Column("data_id", String(36), ForeignKey(data.c.id, ondelete="CASCADE"), primary_key=True),
    Column("owner_id", String(36), nullable=False),  # of the data
    Index("ix_collection_members_data_id", "data_id", "collection_id"),
    Index("ix_collection_members_owner", "collection_id", "owner_id", "data_id"),
)

collection_shares = Table(
    "collection_shares",
    metadata,
    Column("collection_id", String(36), ForeignKey(collections.c.id, ondelete="CASCADE"), primary_key=True),
    Column("user_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", String(16), nullable=False),
)

source_collections = Table(
    "source_collections",
    metadata,
    Column("source_id", String(36), ForeignKey(sources.c.id, ondelete="CASCADE"), primary_key=True),
    Column("collection_id", String(36), ForeignKey(collections.c.id, ondelete="CASCADE"), nullable=False, index=True),
)
"""Sources whose files are added to a collection."""

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("search", Text, nullable=False),
    Column("sort", String(64)),
)
