"""Tables of split jobs and their parts, and the states of parts that have not ended.

A part is a row of ``jobs`` with ``internal`` set, so that it is hidden from users, but it runs in a slot of
user-submitted jobs and counts for its owner's limit. While it has not ended its state is a `PartState`: processes of
earlier versions on the same database neither claim rows in these states nor move them. The request of the row holds
only the number of the part; inputs and parameters are those of the split job, which earlier versions do not look up, so
that they cannot hand out the task of the whole job by mistake.
"""

from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment
from voxel51.server.jobs.tables import jobs


class PartState(StrEnum):
    """State of a part that has not ended. It ends as COMPLETE or FAILED, as every job does."""

    QUEUED = "PART_QUEUED"
    SCHEDULED = "PART_SCHEDULED"
    RUNNING = "PART_RUNNING"


class SplitPhase(StrEnum):
    """Phase of a split job.

    In the first two, the job is READY, SCHEDULED or RUNNING without an attempt, so that no dispatcher claims it. In
    the others an attempt at the job itself merges the parts, or runs the whole, or it has ended.
    """

    PLAN = "PLAN"  # waits for the frame index, by which it is divided
    PARTS = "PARTS"  # its parts wait or run
    MERGE = "MERGE"  # its parts are complete, and an attempt merges them
    WHOLE = "WHOLE"  # runs without parts; the column `reason` says why
    ENDED = "ENDED"


split_jobs = Table(
    "split_jobs",
    metadata,
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("phase", String(16), nullable=False),
    Column("most_parts", Integer, nullable=False),  # as the request says
    Column("reason", Text),  # why it runs as a whole
    Column("filename", String(255)),  # of the file that each part writes
    Column("frame_total", BigInteger),  # of the whole video, if it can be decoded without a warning
    Column("first_start", Moment),  # of a part
    Column("labels_id", String(36)),  # stands for the attempt in the job's partial results; see partial_labels.py
    Index("ix_split_jobs_phase", "phase", "job_id"),
)

job_parts = Table(
    "job_parts",
    metadata,
    Column("parent_id", String(36), ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1, in the order of the frames
    Column("first_frame", BigInteger, nullable=False),
    Column("last_frame", BigInteger, nullable=False),  # inclusive
    Column("job_id", String(36), ForeignKey(jobs.c.id, ondelete="SET NULL"), unique=True),
    Column("copied", Integer, nullable=False),  # parts of its partial results that those of the job contain
    Column("copied_attempt_id", String(36)),  # the attempt that sent the last of these
)
