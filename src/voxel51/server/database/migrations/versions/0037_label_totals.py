"""Label totals: filled from the spans, and the triggers that record which jobs searches begin or cease to find."""

# ruff: noqa: S608  (statements of constant names)

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

_AMOUNTS = ("jobs", "spans", "microseconds")


def upgrade() -> None:
    """Add the tables and the index of inputs, fill the totals, and add the triggers."""
    label = (("label", 255), ("kind", 8))
    _create("label_totals", [*label], _AMOUNTS, ["owner_id", "label", "kind"])
    op.create_index("ix_label_totals_owner_id_spans", "label_totals", ["owner_id", "spans"])
    _create("label_inputs", [("inputs", None), *label], _AMOUNTS, ["owner_id", "inputs", "label", "kind"])
    _create("label_changes", [("job_id", 36)], (), ["id"])
    op.create_index("ix_label_changes_owner_id", "label_changes", ["owner_id", "id"])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    inputs = "coalesce(json_extract(request, '$.inputs'), '')" if is_sqlite else _in_postgresql("request")
    op.execute(f"CREATE INDEX ix_jobs_inputs ON jobs (owner_id, ({inputs}))")
    _fill(inputs.replace("request", "jobs.request"))
    _watch_in_sqlite() if is_sqlite else _watch_in_postgresql()


def _create(table: str, texts: list[tuple[str, int | None]], numbers: tuple[str, ...], key: list[str]) -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        table,
        *([sa.Column("id", number, nullable=False)] if key == ["id"] else []),
        sa.Column("owner_id", sa.String(36), nullable=False),
        *(sa.Column(name, sa.String(size) if size else sa.Text, nullable=False) for name, size in texts),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in numbers),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=f"fk_{table}_owner_id_users", ondelete="CASCADE"),
    )


def _in_postgresql(request: str) -> str:
    # A hash, because PostgreSQL limits the size of the entries of an index.
    return f"md5(coalesce({request}::json ->> 'inputs', ''))"


def _fill(inputs: str) -> None:
    each = (
        f"SELECT label_spans.owner_id, {inputs} AS inputs, job_id, label, kind, first_frame, last_frame, seconds, "
        f"max(last_frame) OVER (PARTITION BY label_spans.owner_id, {inputs}, label, kind "
        "ORDER BY first_frame, label_spans.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached "
        "FROM label_spans JOIN jobs ON jobs.id = job_id WHERE state = 'COMPLETE' AND NOT expired AND NOT internal"
    )
    frames = "last_frame - first_frame + 1"
    new_frames = (
        f"CASE WHEN reached IS NULL OR reached < first_frame THEN {frames} "
        "WHEN reached >= last_frame THEN 0 ELSE last_frame - reached END"
    )
    microseconds = f"CAST(round(sum(({new_frames}) * seconds / ({frames})) * 1000000) AS BIGINT)"
    op.execute(
        "INSERT INTO label_inputs (owner_id, inputs, label, kind, jobs, spans, microseconds) "
        f"SELECT owner_id, inputs, label, kind, count(DISTINCT job_id), count(*), {microseconds} "
        f"FROM ({each}) AS each_span GROUP BY owner_id, inputs, label, kind"
    )
    op.execute(
        "INSERT INTO label_totals (owner_id, label, kind, jobs, spans, microseconds) SELECT owner_id, label, kind, "
        "sum(jobs), sum(spans), sum(microseconds) FROM label_inputs GROUP BY owner_id, label, kind"
    )


_RECORD = "INSERT INTO label_changes (owner_id, job_id) VALUES (NEW.owner_id, NEW.id);"


def _watch_in_sqlite() -> None:
    for event, name in (("INSERT", "added"), ("UPDATE OF state, expired", "changed")):
        op.execute(
            f"CREATE TRIGGER jobs_labels_{name} AFTER {event} ON jobs "
            f"WHEN NEW.state = 'COMPLETE' AND NOT NEW.internal BEGIN {_RECORD} END"
        )


def _watch_in_postgresql() -> None:
    op.execute(
        f"CREATE FUNCTION record_labels_of_jobs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_RECORD} "
        "RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER jobs_labels AFTER INSERT OR UPDATE OF state, expired ON jobs FOR EACH ROW "
        "WHEN (NEW.state = 'COMPLETE' AND NOT NEW.internal) EXECUTE FUNCTION record_labels_of_jobs()"
    )
