"""Data: one row a file."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table

from voxel51.server.accounts.tables import users
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment

data = Table(
    "data",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id), nullable=False),
    Column("name", String(255), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(255)),
    Column("encoding", String(64)),
    Column("upload_date", Moment, nullable=False),
    Column("expiration_date", Moment, nullable=False, index=True),
    Column("storage_key", String(128), nullable=False, index=True),
    Index("ix_data_owner_upload_date", "owner_id", "upload_date", "id"),
    Index("ix_data_owner_name", "owner_id", "name"),
)
