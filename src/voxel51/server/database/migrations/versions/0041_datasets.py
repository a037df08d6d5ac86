"""Datasets, and the renditions of datasets."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Add the tables and the column."""
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("definition", Document, nullable=False),
        sa.Column("job_count", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_datasets"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_datasets_owner_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_datasets_owner_created_at", "datasets", ["owner_id", "created_at", "id"])
    op.create_table(
        "dataset_jobs",
        sa.Column("dataset_id", sa.String(36), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("data_id", sa.String(36)),
        sa.Column("video_key", sa.String(36), nullable=False),
        sa.Column("video_name", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", "job_id", name="pk_dataset_jobs"),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=f"fk_dataset_jobs_{column}_{table}", ondelete="CASCADE"
            )
            for column, table in (("dataset_id", "datasets"), ("job_id", "jobs"), ("data_id", "data"))
        ),
    )
    op.create_index("ix_dataset_jobs_job_id", "dataset_jobs", ["job_id"])
    op.create_index("ix_dataset_jobs_data_id", "dataset_jobs", ["data_id"])
    # Without the tables that it refers to: SQLAlchemy warns of their indexes on expressions.
    with op.batch_alter_table("renditions", reflect_kwargs={"resolve_fks": False}) as renditions:
        renditions.add_column(sa.Column("dataset_id", sa.String(36)))
        renditions.create_foreign_key(
            "fk_renditions_dataset_id_datasets", "datasets", ["dataset_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index("ix_renditions_dataset_id", "renditions", ["dataset_id"])
