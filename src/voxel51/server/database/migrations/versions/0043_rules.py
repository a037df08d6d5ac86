"""Rules, and the items that they note."""

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Document, Moment

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "rules",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("application_id", sa.String(36)),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("trigger", sa.String(16), nullable=False),
        sa.Column("collection_id", sa.String(36)),
        sa.Column("source_id", sa.String(36)),
        sa.Column("runs", Document, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rules"),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_rules_{column}_{table}", ondelete="CASCADE")
            for column, table in (("owner_id", "users"), ("collection_id", "collections"), ("source_id", "sources"))
        ),
    )
    op.create_index("ix_rules_owner_created_at", "rules", ["owner_id", "created_at", "id"])
    op.create_index("ix_rules_collection_id", "rules", ["collection_id"])
    op.create_index("ix_rules_source_id", "rules", ["source_id"])
    op.create_table(
        "rule_items",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("rule_id", sa.String(36), nullable=False),
        sa.Column("data_id", sa.String(36), nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("job_id", sa.String(36)),
        sa.Column("message", sa.Text),
        sa.Column("noted_at", Moment, nullable=False),
        sa.Column("settled_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_rule_items"),
        sa.UniqueConstraint("rule_id", "data_id", "run", name="uq_rule_items_rule_id_data_id_run"),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=f"fk_rule_items_{column}_{table}", ondelete="CASCADE"
            )
            for column, table in (("rule_id", "rules"), ("data_id", "data"))
        ),
    )
    op.create_index("ix_rule_items_data_id", "rule_items", ["data_id"])
    op.create_index("ix_rule_items_rule_id_noted_at", "rule_items", ["rule_id", "noted_at", "id"])
    op.create_index("ix_rule_items_rule_id_state", "rule_items", ["rule_id", "state", "noted_at", "id"])
