"""Tables of the label search index."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "spans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("label", sa.String(255), nullable=False),
        sa.Column("track", sa.BigInteger),
        sa.Column("text", sa.String(255)),
        sa.Column("first_frame", sa.BigInteger, nullable=False),
        sa.Column("last_frame", sa.BigInteger, nullable=False),
        sa.Column("frame_count", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("confidence", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_spans"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_spans_job_id_jobs", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_spans_owner_id_users"),
    )
    op.create_index("ix_spans_job_id_label", "spans", ["job_id", "label"])
    op.create_index("ix_spans_owner_label_seconds", "spans", ["owner_id", "label", "seconds"])
