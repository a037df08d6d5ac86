"""Dependencies of jobs: a job that takes the output of another job waits until that job is complete.

A job that waits is READY or QUEUED like others, with `WAITING` as the date before which it is not claimed: dispatchers,
those of earlier versions too, leave it alone, and the index of the queue covers that. The transaction in which the last
of its sources ends sets the date that its owner wants, or fails the job (see transitions.py). Nothing polls.

A source exists before the job that waits for it, so there are no cycles, and it has an earlier `upload_date`. In that
order every transaction locks jobs, and with a job that may end those that wait for it (`lock_with_dependents`): two
that end, cancel or submit jobs of one chain do not wait for each other in a circle.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, bindparam, exists, insert, or_, select, update

from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.pipeline_ends import lock_runs
from voxel51.server.jobs.status_messages import last_message
from voxel51.server.jobs.tables import job_dependencies, jobs
from voxel51.wire import dates
from voxel51.wire.jobs import JobState

WAITING = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
"""Value of ``not_before`` of a job that waits for others."""

_LONGEST_REASON = 500
"""Length to which the reason of a failed source is cut, in characters: each job of a chain repeats it."""

LOCK_ORDER = (jobs.c.upload_date, jobs.c.id)
"""Order in which every transaction locks jobs, if it locks several."""

_dependents = jobs.alias("dependents")
_not_started = jobs.c.state.in_([JobState.READY.value, JobState.QUEUED.value])
_waits = (jobs.c.not_before == WAITING) & _not_started

# Every job that ends looks for its dependents: the statements are built once. The rows are locked, so that of two
# sources that end at the same time, the second one sees that the first has ended.
_WAITING_FOR = (
    select(jobs.c.id, jobs.c.scheduling)
    .where(
        jobs.c.id.in_(
            select(job_dependencies.c.job_id).where(
                job_dependencies.c.source_id.in_(bindparam("source_ids", expanding=True))
            )
        ),
        _waits,
    )
    .order_by(*LOCK_ORDER)
    .with_for_update()
)
_ENDING = select(jobs.c.id).where(jobs.c.id.in_(bindparam("job_ids", expanding=True))).cte("ending", recursive=True)
_CHAINS = _ENDING.union(  # which leaves out what it has found before
    select(job_dependencies.c.job_id)
    .join(_ENDING, _ENDING.c.id == job_dependencies.c.source_id)
    .join(jobs, jobs.c.id == job_dependencies.c.job_id)
    .where(_waits)
)
_CHAIN_IDS = select(_CHAINS.c.id)
_LOCKED_CHAINS = select(jobs.c.id).where(jobs.c.id.in_(_CHAIN_IDS)).order_by(*LOCK_ORDER).with_for_update(of=jobs)
_LOCKED_JOB = select(jobs.c.id).where(jobs.c.id.in_(bindparam("job_ids", expanding=True))).with_for_update()
_SOURCES = (
    select(job_dependencies.c.job_id, jobs.c.id, jobs.c.name, jobs.c.state, jobs.c.expired)
    .add_columns(jobs.c.failure_message, jobs.c.status_text)
    .join(jobs, jobs.c.id == job_dependencies.c.source_id)
    .where(job_dependencies.c.job_id.in_(bindparam("job_ids", expanding=True)))
    .order_by(jobs.c.name, jobs.c.id)
)


@dataclass(frozen=True, slots=True)
class Settled:
    """Jobs that wait no longer.

    Attributes:
        released: the jobs whose sources are all complete.
        failures: job id -> why the job fails.
    """

    released: Sequence[str]
    failures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """A job of which new jobs take the output: one that their transaction has locked, or that it has just recorded.

    Attributes:
        is_complete: whether the output is there.
        upload_date: of the source; those of the new jobs are later (see `LOCK_ORDER`).
    """

    is_complete: bool
    upload_date: datetime


def lock_with_dependents(connection: Connection, job_ids: Sequence[str]) -> None:
    """Lock jobs that may end in this transaction, those that wait for them, directly or not, and runs of pipelines.

    Call it before the first change of such a job, with all of them. On SQLite, which has one writer at a time, it does
    nothing.

    A job that is submitted between the look for dependents and the locks is not among those that were found, so the
    dependents are looked for again under the locks. If there are more, the locks are released and taken again: they
    would not be taken in the order of all other transactions otherwise.
    """
    if job_ids and connection.dialect.name == "postgresql":
        lock_runs(connection, _locked_with_dependents(connection, [*dict.fromkeys(job_ids)]))


def _locked_with_dependents(connection: Connection, job_ids: Sequence[str]) -> Sequence[str]:
    """Lock the jobs with those that wait for them, and return the ids of all."""
    given = {"job_ids": job_ids}
    if len(job_ids) == 1:  # the first of its chain, so its lock may be kept; most have no dependents
        connection.execute(_LOCKED_JOB, given).all()
        if len(connection.execute(_CHAIN_IDS, given).all()) == 1:
            return job_ids
    while True:
        attempt = connection.begin_nested()
        locked = connection.execute(_LOCKED_CHAINS, given).scalars().all()
        if {*locked}.issuperset(connection.execute(_CHAIN_IDS, given).scalars().all()):
            attempt.commit()  # keeps the locks
            return locked
        attempt.rollback()


def lock_sources(connection: Connection, source_ids: Collection[str]) -> dict[str, Source]:
    """Lock the sources of new jobs in their transaction, and return them by id.

    Raises:
        BadRequest: a source has failed, has expired or was deleted.
    """
    if not source_ids:
        return {}
    chosen = select(jobs.c.id, jobs.c.name, jobs.c.state, jobs.c.expired, jobs.c.expiration_date, jobs.c.upload_date)
    chosen = chosen.where(jobs.c.id.in_(source_ids))
    # The lock keeps a source from ending unseen: its end either comes before this, or finds the row inserted here.
    found = {row.id: row for row in connection.execute(chosen.order_by(*LOCK_ORDER).with_for_update())}
    for source_id in source_ids:
        if source_id not in found:
            raise BadRequest(f"Job '{source_id}', of which an input is the output, was deleted. Choose another job.")
        check_source(found[source_id])
    return {row.id: Source(row.state == JobState.COMPLETE, row.upload_date) for row in found.values()}


def upload_date_after(sources: Iterable[Source], now: datetime) -> datetime:
    """Return the upload date of a new job: now, or later if that is not after those of its sources."""
    # Clocks of hosts differ, and may be set back.
    return max([now, *(source.upload_date + timedelta(milliseconds=1) for source in sources)])


def record_dependencies(connection: Connection, source_ids: Mapping[str, Collection[str]]) -> None:
    """Record the sources of new jobs, by job id, in the transaction that has locked or recorded the sources."""
    rows = [{"job_id": job_id, "source_id": each} for job_id, ids in source_ids.items() for each in sorted(ids)]
    if rows:
        connection.execute(insert(job_dependencies), rows)


def check_source(source: DatabaseRow) -> None:
    """Check that a job has an output, or may come to have one.

    Raises:
        BadRequest: it has failed or has expired.
    """
    if source.state == JobState.FAILED:
        raise BadRequest(f"Job '{source.id}' ({source.name}) is FAILED and has no output. Submit it again first.")
    if source.expired or (source.state == JobState.COMPLETE and source.expiration_date <= dates.now()):
        raise BadRequest(f"The output of job '{source.id}' ({source.name}) has expired. Submit that job again first.")


def settle(connection: Connection, source_ids: Sequence[str], fate: str | None = None) -> Settled:
    """Release the jobs that waited for these jobs, and say which of them fail, because a source will have no output.

    ``fate`` says what happens to these sources, if that does not follow from their rows.
    """
    waiting = {row.id: row for row in connection.execute(_WAITING_FOR, {"source_ids": source_ids})}
    if not waiting:
        return Settled([], {})
    failures: dict[str, str] = {}
    open_jobs: set[str] = set()
    for source in connection.execute(_SOURCES, {"job_ids": [*waiting]}):
        end = (fate if source.id in source_ids else None) or _end_of(source)
        if end is not None:
            failures.setdefault(source.job_id, f"{_title(source)}, whose output this job takes, {end}")
        elif source.state != JobState.COMPLETE:
            open_jobs.add(source.job_id)
    released = [job_id for job_id in waiting if job_id not in failures and job_id not in open_jobs]
    for job_id in released:
        wanted = (waiting[job_id].scheduling or {}).get("not_before")
        not_before = None if wanted is None else dates.from_text(wanted)
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(not_before=not_before))
    return Settled(released, failures)


def waiting_reasons(connection: Connection, job_ids: Sequence[str]) -> dict[str, str]:
    """Return which job each of these jobs, which are `WAITING`, waits for, by the id of the waiting job."""
    sources: dict[str, list[str]] = {}
    if job_ids:
        for source in connection.execute(_SOURCES, {"job_ids": job_ids}):
            if source.state != JobState.COMPLETE:
                note = ", which was not started" if source.state == JobState.READY else ""
                sources.setdefault(source.job_id, []).append(f"{source.name} ({source.id}){note}")
    return {
        job_id: f"waits for job {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        for job_id, names in sources.items()
    }


output_in_use = (jobs.c.state == JobState.COMPLETE.value) & exists(
    select(job_dependencies.c.job_id)
    .join(_dependents, _dependents.c.id == job_dependencies.c.job_id)
    .where(job_dependencies.c.source_id == jobs.c.id)
    .where(_dependents.c.completion_date.is_(None), _dependents.c.fail_date.is_(None))
    .where(or_(_dependents.c.expired.is_(False), _dependents.c.state != JobState.READY.value))
)
"""Condition: a job that has not ended takes the output of this complete job, so the output must stay."""


def _title(source: DatabaseRow) -> str:
    return f"Job {source.name} ({source.id})"


def _end_of(source: DatabaseRow) -> str | None:
    """Return what happened to a source that will have no output; None if it has one, or may come to have one."""
    if source.state == JobState.FAILED:
        reason = source.failure_message or last_message(source.status_text) or "no reason was given"
        return f"failed: {reason:.{_LONGEST_REASON}}"
    return "has expired" if source.expired else None
