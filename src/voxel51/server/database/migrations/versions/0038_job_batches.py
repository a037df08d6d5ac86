"""Batches of jobs with their items, and run keys of jobs."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Add the tables. Jobs that were submitted before have no run key, so batches do not reuse their results."""
    op.create_table(
        "job_run_keys",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("run_key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_run_keys"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_run_keys_job_id_jobs", ondelete="CASCADE"),
    )
    op.create_index("ix_job_run_keys_owner_id_run_key", "job_run_keys", ["owner_id", "run_key", "job_id"])
    op.create_table(
        "batches",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("application_id", sa.String(36)),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("analytic", sa.String(255), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("compute_mode", sa.String(8), nullable=False),
        sa.Column("input_name", sa.String(255), nullable=False),
        sa.Column("parameter_sets", Document, nullable=False),
        sa.Column("max_running", sa.Integer, nullable=False),
        sa.Column("fresh", sa.Boolean, nullable=False),
        sa.Column("item_count", sa.Integer, nullable=False),
        sa.Column("counts", Document),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_batches_owner_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_batches_owner_archived_created_at", "batches", ["owner_id", "archived", "created_at", "id"])
    op.create_index("ix_batches_state", "batches", ["state", "id"])
    op.create_table(
        "batch_items",
        sa.Column("batch_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("data_id", sa.String(36), nullable=False),
        sa.Column("parameter_set", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("job_id", sa.String(36)),
        sa.Column("message", sa.Text),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_batch_items"),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name="fk_batch_items_batch_id_batches", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_batch_items_batch_id_state", "batch_items", ["batch_id", "state", "number"])
