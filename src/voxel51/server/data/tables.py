"""Data tables: one row per file, and one row per resumable upload."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    false,
)

from voxel51.server.accounts.tables import users
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment
from voxel51.wire.query import MEDIA_FIELDS

data = Table(
    "data",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id), nullable=False),
    Column("application_id", String(36)),  # of the owner; null: a user of the platform
    Column("name", String(255), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(255)),
    Column("encoding", String(64)),
    Column("upload_date", Moment, nullable=False),
    Column("expiration_date", Moment, nullable=False, index=True),
    Column("storage_key", String(128), index=True),  # shared by an owner's files with the same bytes
    Column("source_url", Text),  # encrypted; of data by URL and in place, which have no storage key
    Column("sha256", String(64)),  # in hexadecimal; null for data by URL and for rows older than this column
    # Facts of the file; null until they are known (see facts.py).
    Column("duration_seconds", Float),
    Column("frame_rate", Float),
    Column("frame_count", BigInteger),
    Column("width", BigInteger),
    Column("height", BigInteger),
    Column("video_codec", String(64)),
    Column("audio_codec", String(64)),
    Column("has_audio", Boolean),
    CheckConstraint("(storage_key IS NULL) <> (source_url IS NULL)", name="one_place"),
    Index("ix_data_owner_upload_date", "owner_id", "upload_date", "id"),
    Index("ix_data_owner_name", "owner_id", "name", "id"),
    Index("ix_data_owner_size_bytes", "owner_id", "size_bytes", "id"),
    Index("ix_data_owner_media_type", "owner_id", "media_type", "id"),
    Index("ix_data_owner_expiration_date", "owner_id", "expiration_date", "id"),
    Index("ix_data_owner_encoding", "owner_id", "encoding", "id"),
    Index("ix_data_owner_id", "owner_id", "id"),
    Index("ix_data_owner_sha256", "owner_id", "sha256"),
    Index("ix_data_owner_storage_key", "owner_id", "storage_key", "size_bytes"),
)
for _field in MEDIA_FIELDS:
    Index(f"ix_data_owner_{_field}", data.c.owner_id, data.c[_field], data.c.id)
# Lists of an application.
_of_application = data.c.application_id.is_not(None)
for _field in ("upload_date", "name", "size_bytes", "media_type", "expiration_date", "encoding", *MEDIA_FIELDS):
    Index(
        f"ix_data_app_{_field}",
        data.c.application_id,
        data.c[_field],
        data.c.id,
        sqlite_where=_of_application,
        postgresql_where=_of_application,
    )
Index(
    "ix_data_app_id",
    data.c.application_id,
    data.c.id,
    sqlite_where=_of_application,
    postgresql_where=_of_application,
)

data_tags = Table(
    "data_tags",
    metadata,
    Column("data_id", String(36), ForeignKey(data.c.id, ondelete="CASCADE"), primary_key=True),
    Column("tag", String(64), primary_key=True),
    Column("owner_id", String(36), nullable=False),
    Index("ix_data_tags_owner_id", "owner_id", "tag", "data_id"),
)

data_metadata = Table(
    "data_metadata",
    metadata,
    Column("data_id", String(36), ForeignKey(data.c.id, ondelete="CASCADE"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("value", String(255), nullable=False),
    Column("owner_id", String(36), nullable=False),
    Index("ix_data_metadata_owner_id", "owner_id", "key", "value", "data_id"),
)

sources = Table(
    "sources",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id), nullable=False, index=True),
    Column("location", Text, nullable=False),  # an absolute path, or s3://bucket/prefix
    Column("created_at", Moment, nullable=False),
    Column("scanned_at", Moment),  # when its files were listed last
    Column("problem", Text),  # why that failed
    Column("left_out", Text),  # the number of files that cannot be data, with an example and the reason
    Column("by_user", Boolean, nullable=False, server_default=false()),  # otherwise registered by an operator
    Column("removed_at", Moment),  # set while the records of its files are being deleted
)

source_files = Table(
    "source_files",
    metadata,
    Column("source_id", String(36), ForeignKey(sources.c.id, ondelete="CASCADE"), primary_key=True),
    Column("path_hash", String(64), primary_key=True),  # of path and state, which may be long
    Column("path", Text, nullable=False),
    Column("state", Text, nullable=False),
    # The row stays when the data is deleted, so that the file is not registered again.
    Column("data_id", String(36), nullable=False, index=True),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("media_type", String(255)),
    Column("size_bytes", BigInteger, nullable=False),
    Column("metadata_text", Text, nullable=False),  # the client's Upload-Metadata, unchanged
    Column("data_ttl", String(64)),
    Column("expected_sha256", String(64)),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("storage_key", String(128), nullable=False, index=True),
    Column("data_id", String(36)),  # the data that it became, once it is finished
    Column("part_bytes", BigInteger),  # size of the parts of an upload straight to the store, otherwise null
    Column("transfer_id", Text),  # id of such an upload at the store, once it has begun there
)
