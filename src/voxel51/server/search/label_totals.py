"""Label totals: how often and how long an owner's jobs found each label, so that a list of labels reads no spans.

Seconds are those of video: what several jobs found on the same inputs counts once. So the totals are sums over inputs.
Triggers of migration 0037 record each job that searches begin or cease to find, in its transaction. For these, the
labels of all jobs with the same inputs are computed again, and the totals change by the difference to what was computed
before.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Text, case, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.jobs.tables import jobs
from voxel51.server.search.matching import searchable
from voxel51.server.search.tables import label_changes, label_inputs, label_spans, label_totals

_BATCH_SIZE = 500
"""Maximum number of changed jobs in one transaction."""


class inputs_key(FunctionElement[str]):  # noqa: N801  (called as a function of SQL)
    """Text that is the same for requests with the same inputs. Migration 0037 has an index for it."""

    type = Text()
    inherit_cache = True


@compiles(inputs_key, "sqlite")
def _key_in_sqlite(element: inputs_key, compiler: SQLCompiler, **options: object) -> str:
    (request,) = (compiler.process(argument, **options) for argument in element.clauses)
    return f"coalesce(json_extract({request}, '$.inputs'), '')"


@compiles(inputs_key, "postgresql")
def _key_in_postgresql(element: inputs_key, compiler: SQLCompiler, **options: object) -> str:
    (request,) = (compiler.process(argument, **options) for argument in element.clauses)
    return f"md5(coalesce({request}::json ->> 'inputs', ''))"


def inputs_key_of(connection: Connection, inputs: Mapping[str, object]) -> str:
    """Return the value of `inputs_key` for requests with these inputs, in their order."""
    text = json.dumps(inputs, separators=(",", ":"))  # as a `Document` is stored
    is_sqlite = connection.dialect.name == "sqlite"
    return text if is_sqlite else hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class _Key(NamedTuple):
    inputs: str
    label: str
    kind: str


class _Amounts(NamedTuple):
    jobs: int
    spans: int
    microseconds: int


def record_change(connection: Connection, owner_id: str, job_id: str) -> None:
    """Record that the spans of a job have changed."""
    connection.execute(insert(label_changes).values(owner_id=owner_id, job_id=job_id))


def add_changes_to_totals(database: Database, owner_id: str | None = None) -> int:
    """Bring the totals up to date with some of the changed jobs, of one owner or all; return their number."""
    is_chosen = [] if owner_id is None else [label_changes.c.owner_id == owner_id]
    oldest = select(label_changes.c.id).where(*is_chosen).order_by(label_changes.c.id).limit(_BATCH_SIZE)
    with database.read() as connection:  # most calls find nothing, and need no write lock
        if connection.execute(oldest.limit(1)).first() is None:
            return 0
    taken = delete(label_changes).where(label_changes.c.id.in_(oldest))
    with database.write(durable=False) as connection:
        acquire_advisory_locks(connection, "label totals")
        changes = connection.execute(taken.returning(label_changes.c.owner_id, label_changes.c.job_id)).all()
        for owner in sorted({change.owner_id for change in changes}):
            _update(connection, owner, [change.job_id for change in changes if change.owner_id == owner])
    return len(changes)


def known_labels(connection: Connection, owner_id: str, most: int) -> Sequence[DatabaseRow]:
    """Return the labels of an owner with the most spans: rows of ``label_totals``."""
    total = label_totals.c
    found = select(label_totals).where(total.owner_id == owner_id, total.spans > 0)
    return connection.execute(found.order_by(total.spans.desc(), total.label, total.kind).limit(most)).all()


def _update(connection: Connection, owner_id: str, job_ids: Collection[str]) -> None:
    """Compute the labels of the inputs of these jobs again, and change the totals by the difference."""
    key = inputs_key(jobs.c.request)
    inputs = set(connection.execute(select(key).where(jobs.c.id.in_(job_ids))).scalars())
    same = select(jobs.c.id).where(jobs.c.owner_id == owner_id, key.in_(inputs))
    present = _by_key(connection.execute(spans_added_up(jobs.c.id.in_(connection.execute(same).scalars().all()))))
    of_inputs = (label_inputs.c.owner_id == owner_id, label_inputs.c.inputs.in_(inputs))
    before = _by_key(connection.execute(select(label_inputs).where(*of_inputs)))
    if present == before:
        return
    connection.execute(delete(label_inputs).where(*of_inputs))
    rows = [{"owner_id": owner_id, **key._asdict(), **amounts._asdict()} for key, amounts in present.items()]
    if rows:
        connection.execute(insert(label_inputs), rows)
    _add(connection, owner_id, _difference(present, before))


def spans_added_up(*chosen: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    """Select ``jobs``, ``spans`` and ``microseconds`` by ``inputs``, ``label`` and ``kind`` of the chosen jobs.

    The jobs are of one owner. A span counts with the frames that no earlier span of its label on these inputs covers.
    """
    span, key = label_spans.c, inputs_key(jobs.c.request)
    reached = func.max(span.last_frame).over(
        partition_by=(key, span.label, span.kind), order_by=(span.first_frame, span.id), rows=(None, -1)
    )
    frames = span.last_frame - span.first_frame + 1
    each = (
        select(key.label("inputs"), span.job_id, span.label, span.kind, span.last_frame, span.seconds,
               frames.label("frames"), reached.label("reached"))
        .join(jobs, jobs.c.id == span.job_id)
        .where(*searchable, *chosen)
        .subquery()
    ).c  # fmt: skip
    new_frames = case(
        (each.reached.is_(None), each.frames),
        (each.reached >= each.last_frame, 0),
        (each.last_frame - each.reached < each.frames, each.last_frame - each.reached),
        else_=each.frames,
    )
    return select(
        each.inputs,
        each.label,
        each.kind,
        func.count(each.job_id.distinct()).label("jobs"),
        func.count().label("spans"),
        (func.sum(new_frames * each.seconds / each.frames) * 1_000_000).label("microseconds"),
    ).group_by(each.inputs, each.label, each.kind)


def _by_key(rows: Iterable[DatabaseRow]) -> dict[_Key, _Amounts]:
    return {
        _Key(row.inputs, row.label, row.kind): _Amounts(row.jobs, row.spans, round(row.microseconds)) for row in rows
    }


def _difference(present: Mapping[_Key, _Amounts], before: Mapping[_Key, _Amounts]) -> dict[tuple[str, str], list[int]]:
    """Return what to add to the totals of each label and kind."""
    added: dict[tuple[str, str], list[int]] = {}
    for sign, amounts_by_key in ((1, present), (-1, before)):
        for key, amounts in amounts_by_key.items():
            total = added.setdefault((key.label, key.kind), [0, 0, 0])
            total[:] = [sum_ + sign * amount for sum_, amount in zip(total, amounts, strict=True)]
    return added


def _add(connection: Connection, owner_id: str, added: Mapping[tuple[str, str], Sequence[int]]) -> None:
    rows = [
        {"owner_id": owner_id, "label": label, "kind": kind, **dict(zip(_Amounts._fields, amounts, strict=True))}
        for (label, kind), amounts in added.items()
        if any(amounts)
    ]
    if not rows:
        return
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(label_totals)
    sums = {name: label_totals.c[name] + statement.excluded[name] for name in _Amounts._fields}
    key = ("owner_id", "label", "kind")
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=sums), rows)
