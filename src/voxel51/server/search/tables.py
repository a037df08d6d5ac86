"""Tables of labels: spans, which are the ranges of frames in which an object or event is present, and their totals."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from voxel51.server.accounts.tables import users
from voxel51.server.database.schema import FILLED_BY_TRIGGERS, metadata
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

label_totals = Table(
    "label_totals",
    metadata,
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True),
    Column("label", String(255), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("jobs", BigInteger, nullable=False),
    Column("spans", BigInteger, nullable=False),
    Column("microseconds", BigInteger, nullable=False),
    Index("ix_label_totals_owner_id_spans", "owner_id", "spans"),
)

label_inputs = Table(
    "label_inputs",  # what the totals are the sums of
    metadata,
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), primary_key=True),
    Column("inputs", Text, primary_key=True),  # see label_totals.py
    Column("label", String(255), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("jobs", BigInteger, nullable=False),
    Column("spans", BigInteger, nullable=False),
    Column("microseconds", BigInteger, nullable=False),
)

label_changes = Table(
    "label_changes",  # jobs whose labels are not in the totals as they are now
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("job_id", String(36), nullable=False),
    Index("ix_label_changes_owner_id", "owner_id", "id"),
    info=FILLED_BY_TRIGGERS,
)
