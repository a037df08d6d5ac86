"""Rule records: rules and their items as clients see them."""

from collections.abc import Sequence

from sqlalchemy import Connection, Select, func, select

from voxel51.server.collections.tables import collections
from voxel51.server.data.tables import data, sources
from voxel51.server.database.types import DatabaseRow, without_index
from voxel51.server.jobs.tables import jobs
from voxel51.server.rules.tables import rule_items, rules
from voxel51.wire import dates
from voxel51.wire.rules import Rule, RuleFailure, RuleItem, RuleItemState

_item = rule_items.c


def rules_with_places() -> Select[*tuple[object, ...]]:
    """Select rules with the name of their collection and the location of their source."""
    return (
        select(rules, func.coalesce(collections.c.name, sources.c.location).label("place"))
        .outerjoin(collections, collections.c.id == rules.c.collection_id)
        .outerjoin(sources, sources.c.id == rules.c.source_id)
    )


def rule_record(connection: Connection, row: DatabaseRow) -> Rule:
    """Return the record of a row of `rules_with_places`."""
    counted = select(_item.state, func.count()).where(_item.rule_id == row.id).group_by(_item.state)
    counts: dict[str, int] = {row.state: row[1] for row in connection.execute(counted)}
    state = RuleItemState
    return {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "trigger": row.trigger,
        "collection": row.collection_id,
        "source": row.source_id,
        "place": row.place,
        "runs": row.runs,
        "created_date": dates.to_text(row.created_at),
        "counts": {
            "waiting": counts.get(state.WAITING, 0),
            "active": counts.get(state.ACTIVE, 0),
            "complete": counts.get(state.COMPLETE, 0),
            "reused": counts.get(state.REUSED, 0),
            "failed": counts.get(state.FAILED, 0),
        },
        "last_failure": _last_failure(connection, row.id) if counts.get(state.FAILED) else None,
    }


def _last_failure(connection: Connection, rule_id: str) -> RuleFailure | None:
    failed = select(_item.message, _item.settled_at).where(
        _item.rule_id == rule_id, _item.state == RuleItemState.FAILED.value
    )
    row = connection.execute(failed.order_by(_item.noted_at.desc(), _item.id.desc()).limit(1)).first()
    return None if row is None else {"message": row.message, "date": dates.to_text(row.settled_at)}


def items_with_jobs() -> Select[*tuple[object, ...]]:
    """Select items with the name of their data and the state of their job."""
    return (
        select(rule_items, data.c.name.label("filename"), jobs.c.state.label("job_state"))
        .join(rules, rules.c.id == _item.rule_id)
        .join(data, data.c.id == _item.data_id)
        .outerjoin(jobs, (jobs.c.id == _item.job_id) & (without_index(jobs.c.owner_id) == rules.c.owner_id))
    )


def item_records(rule: DatabaseRow, rows: Sequence[DatabaseRow]) -> list[RuleItem]:
    """Return the records of rows of `items_with_jobs`."""
    return [
        {
            "id": row.id,
            "data_id": row.data_id,
            "filename": row.filename,
            "run": row.run,
            "analytic": rule.runs[row.run]["analytic"],
            "state": row.state,
            "job_id": row.job_id,
            "job_state": row.job_state,
            "message": row.message,
            "noted_date": dates.to_text(row.noted_at),
        }
        for row in rows
    ]
