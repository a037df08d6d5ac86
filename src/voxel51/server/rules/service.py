"""Rules: create, list, pause, resume, retry and delete them, and list what they started."""

import uuid
from collections.abc import Callable, Mapping
from typing import cast

from sqlalchemy import Connection, delete, func, insert, select, tuple_, update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import application_of
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.parameters import read_name
from voxel51.server.rules.plan import RulePlanner, check_place
from voxel51.server.rules.records import item_records, items_with_jobs, rule_record, rules_with_places
from voxel51.server.rules.tables import rule_items, rules
from voxel51.wire import dates
from voxel51.wire.rules import MAX_RULES, MAX_RUNS_AT_PLACE, NewRule, Rule, RuleItemList, RuleItemState, RuleState

_LONGEST_NAME = 255


class RuleService:
    """Rules. Every method sees only those of the given owner.

    ``wake`` is called after a commit by which a rule may go on.
    """

    def __init__(self, database: Database, planner: RulePlanner, wake: Callable[[], None]) -> None:
        self._database = database
        self._planner = planner
        self._wake = wake

    def create(self, owner: User, new: NewRule) -> Rule:
        """Record a rule. It applies to the videos that arrive from now on.

        Raises:
            BadRequest: a part of the request is invalid, or the owner has too many rules.
            NotFound, Forbidden: the owner may not add data to the collection, or has no such source.
        """
        runs, rule_id = self._planner.runs(owner, new), str(uuid.uuid4())
        name = _name(new.get("name"), [run["analytic"] for run in runs])
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"rules of {owner.id}")
            of_owner = select(func.count()).where(rules.c.owner_id == owner.id)
            if connection.execute(of_owner).scalar_one() >= MAX_RULES:
                raise BadRequest(f"You have {MAX_RULES} rules, which is the limit. Delete one")
            row = {
                "id": rule_id,
                "owner_id": owner.id,
                "application_id": application_of(owner.id),
                "name": name,
                "state": RuleState.ACTIVE.value,
                "runs": runs,
                "created_at": dates.now(),
                **check_place(connection, owner, new),
            }
            _check_runs(connection, row)
            connection.execute(insert(rules).values(row))
            return rule_record(connection, _find(connection, owner, rule_id))

    def all(self, owner: User) -> list[Rule]:
        """Return the rules of the owner, the newest first."""
        of_owner = rules_with_places().where(rules.c.owner_id == owner.id)
        with self._database.read() as connection:
            rows = connection.execute(of_owner.order_by(rules.c.created_at.desc(), rules.c.id.desc())).all()
            return [rule_record(connection, row) for row in rows]

    def details(self, owner: User, rule_id: str) -> Rule:
        """Return a rule.

        Raises:
            NotFound: the owner has no such rule.
        """
        with self._database.read() as connection:
            return rule_record(connection, _find(connection, owner, rule_id))

    def items(self, owner: User, rule_id: str, *, state: str | None, limit: int, cursor: str | None) -> RuleItemList:
        """Return a page of the items of a rule, the newest first. ``cursor`` is the id of the last item before.

        Raises:
            NotFound: the owner has no such rule, or it has no item of the cursor any more.
        """
        item = rule_items.c
        place = (item.noted_at, item.id)
        with self._database.read() as connection:
            rule = _find(connection, owner, rule_id)
            chosen = items_with_jobs().where(item.rule_id == rule_id)
            if state is not None:
                chosen = chosen.where(item.state == state)
            if cursor is not None:
                of_cursor = select(*place).where(item.id == cursor, item.rule_id == rule_id)
                last = connection.execute(of_cursor).first()
                if last is None:
                    raise NotFound(f"Item '{cursor}' not found; its video was deleted. Begin with the first page")
                chosen = chosen.where(tuple_(*place) < (last.noted_at, last.id))
            ordered = chosen.order_by(*(column.desc() for column in place)).limit(limit + 1)
            rows = connection.execute(ordered).all()
        records = item_records(rule, rows[:limit])
        return {"items": records, "next_cursor": records[-1]["id"] if len(rows) > limit else None}

    def pause(self, owner: User, rule_id: str) -> Rule:
        """Start no more jobs by a rule. Videos that arrive meanwhile wait.

        Raises:
            NotFound: the owner has no such rule.
            BadRequest: it is not ACTIVE.
        """
        return self._change_state(owner, rule_id, RuleState.ACTIVE, RuleState.PAUSED)

    def resume(self, owner: User, rule_id: str) -> Rule:
        """Go on with a paused rule, first with the videos that wait.

        Raises:
            NotFound: the owner has no such rule.
            BadRequest: it is not PAUSED.
        """
        return self._change_state(owner, rule_id, RuleState.PAUSED, RuleState.ACTIVE)

    def retry(self, owner: User, rule_id: str) -> Rule:
        """Run the failed items of a rule again.

        Raises:
            NotFound: the owner has no such rule.
            BadRequest: none of its items failed.
        """
        item = rule_items.c
        values = {"state": RuleItemState.WAITING.value, "job_id": None, "message": None, "settled_at": None}
        with self._database.write() as connection:
            _find(connection, owner, rule_id, lock=True)
            failed = update(rule_items).where(item.rule_id == rule_id, item.state == RuleItemState.FAILED.value)
            if connection.execute(failed.values(values)).rowcount == 0:
                raise BadRequest(f"No item of rule '{rule_id}' failed")
            self._database.after_commit(self._wake)
            return rule_record(connection, _find(connection, owner, rule_id))

    def delete(self, owner: User, rule_id: str) -> None:
        """Delete a rule. The jobs that it started stay.

        Raises:
            NotFound: the owner has no such rule.
        """
        with self._database.write(frees_space=True) as connection:
            _find(connection, owner, rule_id, lock=True)
            connection.execute(delete(rules).where(rules.c.id == rule_id))

    def _change_state(self, owner: User, rule_id: str, present: RuleState, new: RuleState) -> Rule:
        with self._database.write() as connection:
            row = _find(connection, owner, rule_id, lock=True)
            if row.state != present:
                raise BadRequest(f"Rule '{rule_id}' is {row.state}, not {present}")
            connection.execute(update(rules).where(rules.c.id == rule_id).values(state=new.value))
            self._database.after_commit(self._wake)
            return rule_record(connection, _find(connection, owner, rule_id))


def _find(connection: Connection, owner: User, rule_id: str, *, lock: bool = False) -> DatabaseRow:
    chosen = rules_with_places().where(rules.c.id == rule_id, rules.c.owner_id == owner.id)
    row = connection.execute(chosen.with_for_update(of=rules) if lock else chosen).first()
    if row is None:
        raise NotFound(f"Rule '{rule_id}' not found; it may belong to another user, or was deleted with its collection")
    return row


def _check_runs(connection: Connection, row: Mapping[str, object]) -> None:
    """Raise `BadRequest` if the rules of an owner would run too many analytics on each new video of one place.

    Each of them is a row in the transaction that adds the video, which must stay short.
    """
    rule = rules.c
    same = [rule[name].is_not_distinct_from(row[name]) for name in ("trigger", "collection_id", "source_id")]
    present = connection.execute(select(rule.runs).where(rule.owner_id == row["owner_id"], *same)).scalars()
    count = len(cast("list[object]", row["runs"])) + sum(len(runs) for runs in present)
    if count > MAX_RUNS_AT_PLACE:
        raise BadRequest(
            f"Your rules would run {count} analytics on each new video here, and at most {MAX_RUNS_AT_PLACE} are "
            "allowed. Delete a rule"
        )


def _name(given: str | None, analytics: list[str]) -> str:
    if given is None:
        return ", ".join(dict.fromkeys(each.rpartition("/")[2] for each in analytics))[:_LONGEST_NAME]
    return read_name("rule", given, _LONGEST_NAME)
