"""Users with whom pipelines are shared."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "pipeline_shares",
        sa.Column("pipeline_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("pipeline_id", "user_id", name="pk_pipeline_shares"),
        sa.ForeignKeyConstraint(
            ["pipeline_id"], ["pipelines.id"], name="fk_pipeline_shares_pipeline_id_pipelines", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_pipeline_shares_user_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_pipeline_shares_user_id", "pipeline_shares", ["user_id"])
