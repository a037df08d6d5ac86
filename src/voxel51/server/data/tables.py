"""Data: one row a file; and uploads, one row each, that are or were coming in pieces."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, String, Table, Text

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
    Column("storage_key", String(128), index=True),  # shared by an owner's files of the same bytes
    Column("source_url", Text),  # sealed; of data that are kept elsewhere, in the place of a storage key
    Column("sha256", String(64)),  # in hexadecimal; null for what came before it was kept, and for data kept elsewhere
    CheckConstraint("(storage_key IS NULL) <> (source_url IS NULL)", name="one_place"),
    Index("ix_data_owner_upload_date", "owner_id", "upload_date", "id"),
    Index("ix_data_owner_name", "owner_id", "name"),
    Index("ix_data_owner_sha256", "owner_id", "sha256"),
    Index("ix_data_owner_storage_key", "owner_id", "storage_key", "size_bytes"),
)
_kept = data.c.storage_key.is_not(None)
Index(
    "ix_data_upload_date",
    data.c.upload_date,
    data.c.owner_id,
    data.c.size_bytes,
    sqlite_where=_kept,
    postgresql_where=_kept,
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id), nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(255)),
    Column("size_bytes", BigInteger, nullable=False),
    Column("metadata_text", Text, nullable=False),  # as it was sent
    Column("data_ttl", String(64)),
    Column("expected_sha256", String(64)),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("storage_key", String(128), nullable=False, index=True),
    Column("data_id", String(36)),  # what it became, once it was finished
)
