"""Tags and metadata of data, collections with their members and shares, and saved searches."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from voxel51.server.database.types import Moment

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Add the tables, all of them empty."""
    _create("data_tags", ["data_id", "tag"], _id("data_id"), _id("owner_id"), _text("tag", 64), cascade=["data_id"])
    op.create_index("ix_data_tags_owner_id", "data_tags", ["owner_id", "tag", "data_id"])
    entry = (_id("data_id"), _id("owner_id"), _text("key", 64), _text("value", 255))
    _create("data_metadata", ["data_id", "key"], *entry, cascade=["data_id"])
    op.create_index("ix_data_metadata_owner_id", "data_metadata", ["owner_id", "key", "value", "data_id"])
    _create(
        "collections",
        ["id"],
        _id("id"),
        _id("owner_id"),
        _text("name", 128),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.UniqueConstraint("owner_id", "name", name="uq_collections_owner_id_name"),
        cascade=["owner_id"],
    )
    op.create_index("ix_collections_name", "collections", ["name"])
    member = ["collection_id", "data_id"]
    _create("collection_members", member, *map(_id, (*member, "owner_id")), cascade=member)
    op.create_index("ix_collection_members_data_id", "collection_members", ["data_id", "collection_id"])
    op.create_index("ix_collection_members_owner", "collection_members", ["collection_id", "owner_id", "data_id"])
    share = ["collection_id", "user_id"]
    _create("collection_shares", share, *map(_id, share), _text("role", 16), cascade=share)
    op.create_index("ix_collection_shares_user_id", "collection_shares", ["user_id"])
    _create(
        "saved_searches",
        ["owner_id", "name"],
        _id("owner_id"),
        _text("name", 128),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("sort", sa.String(64)),
        cascade=["owner_id"],
    )


_TABLES = {"data_id": "data", "collection_id": "collections", "owner_id": "users", "user_id": "users"}


def _create(name: str, key: list[str], *parts: "sa.Column[Any] | sa.UniqueConstraint", cascade: list[str]) -> None:
    op.create_table(
        name,
        *parts,
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{_TABLES[column]}.id"],
                name=f"fk_{name}_{column}_{_TABLES[column]}",
                ondelete="CASCADE",
            )
            for column in cascade
        ),
    )


def _id(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(36), nullable=False)


def _text(name: str, length: int) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length), nullable=False)
