"""Job actions: start, kill, delete, archive and extend jobs, one or many in one call."""

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, bindparam, delete, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.data.lifetime import LifetimeChange, changed_expiration
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, ServiceError
from voxel51.server.events import outbox
from voxel51.server.jobs.dependencies import LOCK_ORDER, lock_with_dependents
from voxel51.server.jobs.failures import cancel_jobs
from voxel51.server.jobs.outputs import job_not_found
from voxel51.server.jobs.tables import attempts, jobs, user_submitted
from voxel51.server.jobs.transitions import ENDED, JobTransition, settle_dependents, take_up, transition_jobs
from voxel51.server.outcomes import Outcomes
from voxel51.wire import dates
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobState

JobRows = Mapping[str, RowMapping]
"""Jobs by id, locked by the transaction that changes them."""

Refusals = Mapping[str, ServiceError]
"""Errors by the id of the job that was not changed."""

_BATCH_SIZE = 1000
_KILLED = "Killed by its owner"
_DELETED = "was deleted"

LONGEST_REASON = 500
"""Longest reason for a cancellation, in characters."""


class JobActions:
    """Changes jobs for their owners.

    Each method changes all named jobs in one transaction; each job is changed or refused by itself.

    Args:
        database: database of the jobs.
        wake: called after jobs were queued or are to be stopped, so that the dispatcher acts at once.
        expire: called after jobs were given an expiration date in the past.
    """

    def __init__(self, database: Database, wake: Callable[[], None], expire: Callable[[], object]) -> None:
        self._database = database
        self._wake = wake
        self._expire = expire

    def start(self, owner: User, job_ids: Sequence[str]) -> Outcomes[None]:
        """Queue jobs. Refuse those that are not READY, or are archived."""
        return self._act(owner, job_ids, _start, self._wake)

    def kill(self, owner: User, job_ids: Sequence[str], reason: str | None = None) -> Outcomes[None]:
        """Cancel jobs: they are FAILED/USER when this returns, and the dispatcher kills their processes next.

        Refuse those that were not started, or have ended. ``reason`` is shown as a part of the failure message.

        Raises:
            BadRequest: the reason is too long.
        """
        if reason and len(reason) > LONGEST_REASON:
            raise BadRequest(f"reason has {len(reason)} characters; {LONGEST_REASON} are the limit")
        message = f"Cancelled by its owner: {reason.strip()}" if reason and reason.strip() else _KILLED

        def step(connection: Connection, found: JobRows) -> Refusals:
            return _kill(connection, found, message)

        return self._act(owner, job_ids, step, self._wake, ends=True)

    def delete(self, owner: User, job_ids: Sequence[str]) -> Outcomes[None]:
        """Delete jobs. Refuse those that were started; they can be archived."""
        return self._act(owner, job_ids, _delete, ends=True)

    def archive(self, owner: User, job_ids: Sequence[str]) -> Outcomes[None]:
        """Archive jobs. Archiving an archived job changes nothing."""
        return self._act(owner, job_ids, _archive)

    def unarchive(self, owner: User, job_ids: Sequence[str]) -> Outcomes[None]:
        """Unarchive jobs. Refuse those that have expired."""
        return self._act(owner, job_ids, _unarchive)

    def change_lifetime(self, owner: User, job_ids: Sequence[str], change: LifetimeChange) -> Outcomes[None]:
        """Change the expiration date of jobs; one in the past deletes the output soon. Refuse expired jobs.

        Raises:
            BadRequest: the change itself is malformed.
        """
        changed_expiration(change, dates.now())

        def step(connection: Connection, found: JobRows) -> Refusals:
            return _change_lifetime(connection, found, change)

        return self._act(owner, job_ids, step, self._expire)

    def kill_all(self, owner: User) -> bool:
        """Cancel all jobs of the owner; return False while some of their processes still run, which takes a moment."""
        of_owner, over = jobs.c.owner_id == owner.id, [state.value for state in (*ENDED, JobState.READY)]
        active = select(jobs.c.id).where(of_owner, jobs.c.state.not_in(over)).limit(_BATCH_SIZE)
        while job_ids := self._ids(active):
            self._act(owner, job_ids, _kill_silently, self._wake, [], ends=True)
        with self._database.read() as connection:
            running = select(attempts.c.id).join(jobs, jobs.c.id == attempts.c.job_id)
            return connection.execute(running.where(of_owner, attempts.c.ended_at.is_(None)).limit(1)).first() is None

    def _ids(self, statement: Select[str]) -> Sequence[str]:
        with self._database.read() as connection:
            return connection.execute(statement).scalars().all()

    def _act(
        self,
        owner: User,
        job_ids: Sequence[str],
        step: Callable[[Connection, JobRows], Refusals],
        afterwards: Callable[[], object] | None = None,
        among: Sequence[ColumnElement[bool]] = (user_submitted,),
        *,
        ends: bool = False,
    ) -> Outcomes[None]:
        columns = (jobs.c.id, jobs.c.owner_id, jobs.c.state, jobs.c.archived, jobs.c.expired, jobs.c.expiration_date)
        # The rows are locked, so that what a step decides by them still holds when it changes them.
        named = (jobs.c.id.in_(job_ids), jobs.c.owner_id == owner.id, *among)
        chosen = select(*columns).where(*named).order_by(*LOCK_ORDER).with_for_update()
        # Killing a job and bringing its expiration forward free space.
        with self._database.write(frees_space=True) as connection:
            if ends:
                lock_with_dependents(connection, connection.execute(select(jobs.c.id).where(*named)).scalars().all())
            found = {row["id"]: row for row in connection.execute(chosen).mappings()}
            refusals = step(connection, found) if found else {}
            if afterwards is not None and len(refusals) < len(found):
                self._database.after_commit(afterwards)
        return {job_id: refusals.get(job_id) if job_id in found else job_not_found(job_id) for job_id in job_ids}


def _start(connection: Connection, found: JobRows) -> Refusals:
    archived = [job_id for job_id, job in found.items() if job["archived"]]
    moved = transition_jobs(connection, [*(found.keys() - archived)], JobTransition.START, queued_at=dates.now())
    take_up(connection, [*moved])
    refusals = _refuse_others(found, moved, "only a READY job can be started")
    return refusals | {
        job_id: BadRequest(f"Job '{job_id}' is archived. Unarchive it before you start it.") for job_id in archived
    }


def _kill_silently(connection: Connection, found: JobRows) -> Refusals:
    return _kill(connection, found, _KILLED)


def _kill(connection: Connection, found: JobRows, message: str) -> Refusals:
    moved = cancel_jobs(connection, [*found], message)
    return _refuse_others(found, moved, "only a job that was started and has not ended can be killed")


def _delete(connection: Connection, found: JobRows) -> Refusals:
    ready = jobs.c.id.in_([*found]) & (jobs.c.state == JobState.READY.value)
    settle_dependents(connection, [job_id for job_id, job in found.items() if job["state"] == JobState.READY], _DELETED)
    deleted = set(connection.execute(delete(jobs).where(ready).returning(jobs.c.id)).scalars())
    _record_events(connection, EventName.DELETED, found, deleted)
    return {
        job_id: BadRequest(f"Job '{job_id}' was started and cannot be deleted. Archive it instead.")
        for job_id in found.keys() - deleted
    }


def _archive(connection: Connection, found: JobRows) -> Refusals:
    archived = {job_id for job_id, job in found.items() if not job["archived"]}
    connection.execute(update(jobs).where(jobs.c.id.in_(archived)).values(archived=True))
    _record_events(connection, EventName.ARCHIVED, found, archived)
    return {}


def _unarchive(connection: Connection, found: JobRows) -> Refusals:
    refusals = _refuse_expired(found)
    unarchived = {job_id for job_id, job in found.items() if job["archived"]} - refusals.keys()
    connection.execute(update(jobs).where(jobs.c.id.in_(unarchived)).values(archived=False))
    _record_events(connection, EventName.UNARCHIVED, found, unarchived)
    return refusals


def _change_lifetime(connection: Connection, found: JobRows, change: LifetimeChange) -> Refusals:
    refusals: dict[str, ServiceError] = {**_refuse_expired(found)}
    moved = []
    for job_id in found.keys() - refusals.keys():
        try:
            moved.append({"job_id": job_id, "moment": changed_expiration(change, found[job_id]["expiration_date"])})
        except BadRequest as error:  # a valid extension may lead beyond the last date of the calendar
            refusals[job_id] = error
    if moved:
        statement = update(jobs).where(jobs.c.id == bindparam("job_id")).values(expiration_date=bindparam("moment"))
        connection.execute(statement, moved)
    return refusals


def _record_events(connection: Connection, name: EventName, found: JobRows, job_ids: Collection[str]) -> None:
    outbox.record(connection, name, [(job_id, found[job_id]["owner_id"]) for job_id in job_ids], {})


def _refuse_expired(found: JobRows) -> dict[str, ServiceError]:
    return {
        job_id: BadRequest(f"Job '{job_id}' has expired. Submit it again.")
        for job_id, job in found.items()
        if job["expired"]
    }


def _refuse_others(found: JobRows, moved: set[str], why: str) -> dict[str, ServiceError]:
    return {
        job_id: BadRequest(f"Job '{job_id}' is {job['state']}; {why}")
        for job_id, job in found.items()
        if job_id not in moved
    }
