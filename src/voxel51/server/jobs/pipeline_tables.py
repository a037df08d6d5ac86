"""Tables of the runs of pipelines and their steps, which name jobs: a job that ends may end a run.

What starts, shows and changes runs is `voxel51.server.pipelines`.
"""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table

from voxel51.server.accounts.tables import users
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Document, Moment

# A run has all that it needs to be shown and retried, so that its pipeline can be changed and deleted.
pipeline_runs = Table(
    "pipeline_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_id", String(36), ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("pipeline_id", String(36)),  # which may be deleted
    Column("pipeline_name", String(255), nullable=False),
    Column("version", Integer, nullable=False),
    Column("inputs", Document, nullable=False),
    Column("parameters", Document, nullable=False),  # with the defaults of the version
    Column("outputs", Document, nullable=False),  # name -> step
    Column("scheduling", Document),  # of its jobs; null: none
    Column("created_at", Moment, nullable=False),
    Column("cancelled_at", Moment),
    Column("group_id", String(36), index=True),  # of the runs that a schedule started at one due time; null: none
    Index("ix_pipeline_runs_owner_created_at", "owner_id", "created_at", "id"),
    Index("ix_pipeline_runs_pipeline_created_at", "pipeline_id", "owner_id", "created_at", "id"),
)

pipeline_run_steps = Table(
    "pipeline_run_steps",
    metadata,
    Column("run_id", String(36), ForeignKey(pipeline_runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1; a step comes after those it needs
    Column("name", String(255), nullable=False),
    Column("request", Document, nullable=False),  # of its job; {"step": NAME} stands for the job of another step
    Column("job_id", String(36), nullable=False, index=True),
    Column("predicted_seconds", Float),  # run time of the job, as it was predicted at the start; null: unknown
)
