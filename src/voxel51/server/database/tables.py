"""Tables of the platform that owns a database, which has one row, and of the processes that run it."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

ROW = 1
"""The id of the only row."""

platform = Table(
    "platform",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("storage_id", String(36), nullable=False),  # also in the storage itself
    Column("place", Text, nullable=False),  # host and data folder, for messages
    Column("program_version", String(64), nullable=False),  # of the program that uses them, for messages
    Column("opened_at", Moment, nullable=False),  # since when the two above are as they are
    Column("runner_id", String(36)),  # this and the next two: the lease of a process of an earlier version
    Column("runner_place", Text),
    Column("running_until", Moment),
    Column("leader_id", String(36)),  # the process that does the background work; see membership.py
)

processes = Table(
    "processes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("start_id", String(36), nullable=False),  # all processes of one start have the same
    Column("name", String(64), nullable=False),  # in logs
    Column("role", String(16), nullable=False),
    Column("place", Text, nullable=False),  # host and data folder
    Column("storage", Text, nullable=False),  # all processes must have the same
    Column("key_hash", String(64), nullable=False),  # of a hash of the secret key; likewise
    Column("program_version", String(64), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("renewals", BigInteger, nullable=False),  # of the lease: a process that stops counting is dead
    Column("state", Document),  # of its dispatcher, as of the last renewal
)
