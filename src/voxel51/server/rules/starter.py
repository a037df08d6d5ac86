"""Starter of rules: the step that submits the jobs of noted videos, a few at a time, and notes which have ended.

All state is in the database. A job is recorded in the same transaction as the item that it belongs to, so a process
that dies at any moment loses no video and runs none twice.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, exists, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import users
from voxel51.server.background_thread import advance_each
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import OutOfSpace, ServiceError, SourceAway, Unavailable
from voxel51.server.job_batches.earlier_results import EarlierResults
from voxel51.server.job_batches.progress import JOB_OUTCOME, outcome_of
from voxel51.server.jobs.requests import LONGEST_NAME
from voxel51.server.jobs.submission import JobSubmission
from voxel51.server.jobs.tables import jobs
from voxel51.server.rules.plan import RulePlanner
from voxel51.server.rules.tables import rule_items, rules
from voxel51.wire import dates
from voxel51.wire.jobs import JobRequestDocument
from voxel51.wire.rules import RuleItemState, RuleState

MAX_RUNNING = 20
"""Most jobs of a rule that are queued or running at once; the others wait as items, and cost the queue nothing."""

_ITEMS_PER_STEP = 25
"""Items of one rule that are looked at before the other rules have their turn."""

_PLATFORM_ERRORS = (Unavailable, OutOfSpace, SourceAway)
"""Errors after which the same submission may succeed; the item waits."""

_item = rule_items.c
_OPEN = (RuleItemState.WAITING.value, RuleItemState.ACTIVE.value)


class _NoLongerWaiting(Exception):
    """The item does not wait any more, so its job must not be recorded."""


class RuleStarter:
    """Starts the jobs of all rules. Only one thread calls `advance`."""

    def __init__(
        self, database: Database, submission: JobSubmission, planner: RulePlanner, earlier: EarlierResults
    ) -> None:
        self._database = database
        self._submission = submission
        self._planner = planner
        self._earlier = earlier

    def advance(self) -> bool:
        """Note which jobs have ended, and submit further ones; return whether more can be done at once.

        Raises:
            Unavailable: the platform cannot record jobs at present; nothing is lost.
        """
        is_open = exists().where(_item.rule_id == rules.c.id, _item.state.in_(_OPEN))
        # Nothing runs for an owner who is suspended, or whose account is being deleted.
        is_served = (users.c.suspended_at.is_(None), users.c.deleted_at.is_(None))
        with_owner = select(rules, users.c.name.label("owner_name")).join(users, users.c.id == rules.c.owner_id)
        chosen = with_owner.where(is_open, *is_served)
        with self._database.read() as connection:
            found = connection.execute(chosen.order_by(rules.c.id)).all()
        return advance_each(found, self._advance)

    def _advance(self, rule: DatabaseRow) -> bool:
        active = self._settle(rule)
        if rule.state != RuleState.ACTIVE:
            return False
        free = MAX_RUNNING - active
        with self._database.read() as connection:
            waiting = self._waiting(connection, rule)
        for item in waiting:
            if free == 0:
                return False
            outcome = self._start(rule, item)
            if outcome is None:
                return False
            free -= outcome
        return bool(waiting)

    def _settle(self, rule: DatabaseRow) -> int:
        """Give the active items whose jobs have ended their states; return how many stay active."""
        active = (
            select(_item.id, _item.job_id, *JOB_OUTCOME)
            .outerjoin(jobs, jobs.c.id == _item.job_id)
            .where(_item.rule_id == rule.id, _item.state == RuleItemState.ACTIVE.value)
        )
        with self._database.read() as connection:
            rows = connection.execute(active).all()
        outcomes = [(row, outcome) for row in rows if (outcome := outcome_of(row)) is not None]
        if outcomes:
            now = dates.now()
            with self._database.write(durable=False) as connection:
                for row, (state, message) in outcomes:
                    still = (_item.id == row.id, _item.state == RuleItemState.ACTIVE.value, _item.job_id == row.job_id)
                    values = {"state": state, "message": message, "settled_at": now}
                    connection.execute(update(rule_items).where(*still).values(values))
        return len(rows) - len(outcomes)

    def _waiting(self, connection: Connection, rule: DatabaseRow) -> Sequence[DatabaseRow]:
        """Return the items that wait longest, each with the name of its data."""
        waits = (_item.rule_id == rule.id, _item.state == RuleItemState.WAITING.value)
        chosen = select(rule_items, data.c.name).join(data, data.c.id == _item.data_id).where(*waits)
        return connection.execute(chosen.order_by(_item.noted_at, _item.id).limit(_ITEMS_PER_STEP)).all()

    def _start(self, rule: DatabaseRow, item: DatabaseRow) -> int | None:
        """Reuse an earlier result for an item, or submit its job.

        Returns:
            the number of jobs that were submitted, or None if the rule was paused or deleted meanwhile.
        """
        owner = User(rule.owner_id, rule.owner_name, rule.application_id)
        try:
            analytic, request = self._planner.request(owner, rule.runs[item.run], item.data_id)
            with self._database.read() as connection:
                earlier = self._earlier.find(connection, owner.id, analytic, {item.id: request})
            if earlier:
                self._end(item, {"state": RuleItemState.REUSED.value, "job_id": earlier[item.id]})
                return 0
            return self._submit(owner, rule, item, request)
        except _PLATFORM_ERRORS:
            raise
        except ServiceError as error:
            self._end(item, {"state": RuleItemState.FAILED.value, "message": str(error)})
            return 0

    def _submit(self, owner: User, rule: DatabaseRow, item: DatabaseRow, request: JobRequestDocument) -> int | None:
        def within(connection: Connection, job_id: str) -> None:
            present = select(rules.c.state).where(rules.c.id == rule.id).with_for_update()
            if connection.execute(present).scalar() != RuleState.ACTIVE:
                raise _NoLongerWaiting
            is_complete = connection.execute(select(jobs.c.reused).where(jobs.c.id == job_id)).scalar() is not None
            state, settled_at = (RuleItemState.REUSED, dates.now()) if is_complete else (RuleItemState.ACTIVE, None)
            values = {"state": state.value, "job_id": job_id, "settled_at": settled_at}
            if connection.execute(update(rule_items).where(_still_waits(item)).values(values)).rowcount == 0:
                raise _NoLongerWaiting

        name = f"{request['analytic'].rpartition('/')[2]} · {item.name}"[:LONGEST_NAME]
        try:
            self._submission.submit(owner, request, name, True, within=within, reuse=True)
        except _NoLongerWaiting:
            return None
        return 1

    def _end(self, item: DatabaseRow, values: Mapping[str, object]) -> None:
        with self._database.write(durable=False) as connection:
            ended = update(rule_items).where(_still_waits(item))
            connection.execute(ended.values({**values, "settled_at": dates.now()}))


def _still_waits(item: DatabaseRow) -> ColumnElement[bool]:
    return and_(_item.id == item.id, _item.state == RuleItemState.WAITING.value)
