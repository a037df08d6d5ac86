"""Tables of the usage ledger. They refer to no other table, because their rows outlive accounts."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table

from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment

usage_entries = Table(
    "usage_entries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("owner_id", String(36), nullable=False),
    Column("at", Moment, nullable=False),  # when the bytes changed, or the job ended
    Column("bytes_change", BigInteger, nullable=False),  # stored bytes that came, or (negative) went; 0 for jobs
    Column("failure_type", String(16)),  # of a job that ended: NONE, or why it failed; null for bytes
    Column("started_at", Moment),  # start of the last attempt at the job; null if it never ran
)
"""Changes that are not yet part of the sums. Rows are only added, so that no transaction waits for another one."""

usage_months = Table(
    "usage_months",
    metadata,
    Column("owner_id", String(36), primary_key=True),
    Column("month", String(7), primary_key=True),  # 2026-11, in UTC
    Column("bytes_change", BigInteger, nullable=False),  # stored bytes at the end of the month less those at its begin
    Column("change_byte_seconds", Float, nullable=False),  # bytes of each change x seconds from it to the month's end
    Column("uploaded_bytes", BigInteger, nullable=False),
    Column("completed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("job_seconds", Float, nullable=False),
    Index("ix_usage_months_month", "month"),
)
"""Sums of all entries of an owner in a month."""

usage_owners = Table(
    "usage_owners",
    metadata,
    Column("owner_id", String(36), primary_key=True),
    Column("username", String(255), nullable=False),
    Column("application", String(255)),  # null: a user of the platform itself
    Column("application_id", String(36), index=True),
    Column("deleted_at", Moment, nullable=False),
)
"""Names of deleted accounts."""
