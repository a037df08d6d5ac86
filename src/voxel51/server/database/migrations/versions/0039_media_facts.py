"""Facts of videos and audio files in columns of data, and the data that each job was given."""

# ruff: noqa: S608  (statements of constant names)

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

_FACTS: dict[str, sa.types.TypeEngine[Any]] = {
    "duration_seconds": sa.Float(),
    "frame_rate": sa.Float(),
    "frame_count": sa.BigInteger(),
    "width": sa.BigInteger(),
    "height": sa.BigInteger(),
    "video_codec": sa.String(64),
    "audio_codec": sa.String(64),
    "has_audio": sa.Boolean(),
}
_FACTS_ALONE = 4
"""Stage of a preparation that reads the facts of a file, and makes no rendition."""


def upgrade() -> None:
    """Add the columns and the table, and let the platform read the facts of older files in the background."""
    is_of_application = sa.text("application_id IS NOT NULL")
    for name, kind in _FACTS.items():
        op.add_column("data", sa.Column(name, kind))
        op.create_index(f"ix_data_owner_{name}", "data", ["owner_id", name, "id"])
        op.create_index(
            f"ix_data_app_{name}",
            "data",
            ["application_id", name, "id"],
            sqlite_where=is_of_application,
            postgresql_where=is_of_application,
        )
    _add_job_inputs()
    # Videos that wait for a later rendition get theirs, one step later: the facts are the second one now.
    op.execute("UPDATE preparations SET stage = stage + 1 WHERE stage > 0")
    op.execute(
        "INSERT INTO preparations (data_id, owner_id, stage, queued_at) "
        f"SELECT id, owner_id, {_FACTS_ALONE}, upload_date FROM data "
        "WHERE (media_type LIKE 'video/%' OR media_type LIKE 'audio/%') "
        "AND NOT EXISTS (SELECT 1 FROM preparations WHERE data_id = data.id)"
    )


def _add_job_inputs() -> None:
    op.create_table(
        "job_inputs",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("data_id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("analytic_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "data_id", name="pk_job_inputs"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_inputs_job_id_jobs", ondelete="CASCADE"),
    )
    op.create_index("ix_job_inputs_data_id", "job_inputs", ["data_id", "analytic_id", "job_id"])
    op.create_index("ix_job_inputs_owner_id", "job_inputs", ["owner_id", "analytic_id", "data_id", "job_id"])
    if op.get_bind().dialect.name == "sqlite":
        inputs, data_id = "json_each(jobs.request, '$.inputs') AS given", "json_extract(given.value, '$.data-id')"
        is_object = "given.type = 'object'"
    else:
        inputs, data_id = "json_each(jobs.request::json -> 'inputs') AS given", "given.value ->> 'data-id'"
        is_object = "json_typeof(given.value) = 'object'"
    # LIMIT keeps the condition on the type before the value is read as an object.
    objects = (
        f"SELECT jobs.id, owner_id, analytic_id, given.value FROM jobs, {inputs} "
        f"WHERE NOT internal AND {is_object} LIMIT 9000000000000000 OFFSET 0"
    )
    op.execute(
        "INSERT INTO job_inputs (job_id, data_id, owner_id, analytic_id) "
        f"SELECT DISTINCT id, {data_id}, owner_id, analytic_id FROM ({objects}) AS given "
        f"WHERE length({data_id}) BETWEEN 1 AND 36"
    )
