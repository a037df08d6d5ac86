"""Table of the platform that owns a database. It has one row."""

from sqlalchemy import Column, Integer, String, Table, Text

from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment

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
    Column("runner_id", String(36)),  # the process that runs the jobs; see running_lease.py
    Column("runner_place", Text),
    Column("running_until", Moment),
)
