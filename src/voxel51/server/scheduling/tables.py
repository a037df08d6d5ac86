"""Table of the pauses and limits that operators have set."""

from sqlalchemy import Column, Integer, String, Table, Text

from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment

queue_controls = Table(
    "queue_controls",
    metadata,
    Column("subject", String(300), primary_key=True),  # see controls.py
    Column("pause_reason", Text),  # null: not paused
    Column("paused_at", Moment),
    Column("running_jobs", Integer),  # jobs that may run at once; null: no limit
)
