"""Table of spans: one row for each detected object or event and each range of frames in which it is present."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table

from voxel51.server.accounts.tables import users
from voxel51.server.database.schema import metadata
from voxel51.server.jobs.tables import jobs

label_spans = Table(
    "label_spans",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), nullable=False),
    Column("owner_id", String(36), ForeignKey(users.c.id), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("label", String(255), nullable=False),
    Column("track", BigInteger),
    Column("text", String(255)),
    Column("first_frame", BigInteger, nullable=False),
    Column("last_frame", BigInteger, nullable=False),
    Column("frame_count", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("confidence", Float),
    Index("ix_label_spans_job_id_label", "job_id", "label"),
    Index("ix_label_spans_owner_label", "owner_id", "label", "job_id", "seconds", "confidence"),
)
_is_read = label_spans.c.text.is_not(None)
Index(
    "ix_label_spans_owner_text",
    label_spans.c.owner_id,
    label_spans.c.job_id,
    label_spans.c.text,
    sqlite_where=_is_read,
    postgresql_where=_is_read,
)
