"""Pipelines, their versions, and their runs with the steps."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "pipelines",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("latest_version", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pipelines"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_pipelines_owner_id_users", ondelete="CASCADE"),
        sa.UniqueConstraint("owner_id", "name", name="uq_pipelines_owner_id_name"),
    )
    op.create_table(
        "pipeline_versions",
        sa.Column("pipeline_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("step_count", sa.Integer, nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("pipeline_id", "version", name="pk_pipeline_versions"),
        sa.ForeignKeyConstraint(
            ["pipeline_id"], ["pipelines.id"], name="fk_pipeline_versions_pipeline_id_pipelines", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "pipeline_runs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("pipeline_id", sa.String(36)),
        sa.Column("pipeline_name", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("inputs", Document, nullable=False),
        sa.Column("parameters", Document, nullable=False),
        sa.Column("outputs", Document, nullable=False),
        sa.Column("scheduling", Document),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("cancelled_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_pipeline_runs"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_pipeline_runs_owner_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_pipeline_runs_owner_created_at", "pipeline_runs", ["owner_id", "created_at", "id"])
    op.create_index(
        "ix_pipeline_runs_pipeline_created_at", "pipeline_runs", ["pipeline_id", "owner_id", "created_at", "id"]
    )
    op.create_table(
        "pipeline_run_steps",
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("request", Document, nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_pipeline_run_steps"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["pipeline_runs.id"], name="fk_pipeline_run_steps_run_id_pipeline_runs", ondelete="CASCADE"
        ),
    )
