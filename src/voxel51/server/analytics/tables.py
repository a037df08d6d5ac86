"""Tables of analytics, one row per version, of their container images, and of their bundles."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

PLATFORM = "platform"
"""Owner of the analytics that are installed with the platform."""

INTERNAL = "internal"
"""Scope of internal analytics, which only the platform runs; they are hidden from users."""

analytics = Table(
    "analytics",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner", String(64), nullable=False),  # identity of a caller, or `PLATFORM`
    Column("name", String(255), nullable=False, index=True),
    Column("version", String(64), nullable=False),
    Column("version_order", String(255), nullable=False),
    Column("latest", Boolean, nullable=False),
    Column("preferred", Boolean, nullable=False, server_default=false()),  # by its owner, as the latest
    Column("scope", String(16), nullable=False),
    Column("analytic_type", String(16), nullable=False),
    Column("supports_cpu", Boolean, nullable=False),
    Column("supports_gpu", Boolean, nullable=False),
    Column("pending", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False, server_default=false()),  # the row is kept for its past jobs
    Column("upload_date", Moment, nullable=False),
    Column("description", Text, nullable=False),
    Column("document", Document, nullable=False),
    Column("entry_point", String(255)),
    UniqueConstraint("owner", "name", "version"),
)

AnalyticRow = Row[Any]
"""Row of `analytics`. SQLAlchemy does not type the columns of a `Table`, hence `Any`."""

images = Table(
    "analytic_images",
    metadata,
    Column("analytic_id", String(36), ForeignKey(analytics.c.id, ondelete="CASCADE"), primary_key=True),
    Column("type", String(8), primary_key=True),
    Column("storage_key", String(128), nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("format", String(16), nullable=False),
    Column("upload_date", Moment, nullable=False),
)

bundles = Table(
    "analytic_bundles",
    metadata,
    Column("analytic_id", String(36), ForeignKey(analytics.c.id, ondelete="CASCADE"), primary_key=True),
    Column("owner", String(64), nullable=False),  # as in `analytics`
    Column("storage_key", String(128), nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content_sha256", String(64), nullable=False),  # of the names and contents of its files
    Column("state", String(16), nullable=False),
    Column("error", Document),
    Column("module", String(512)),  # null until the build is complete, as the lock
    Column("lock", Text),
    Column("log_key", String(128), index=True),
    Column("log_bytes", BigInteger),
    Column("log_sha256", String(64)),
    Column("queued_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Index("ix_analytic_bundles_state_queued_at", "state", "queued_at"),
)
"""Source of an analytic, and the build of its environment."""
