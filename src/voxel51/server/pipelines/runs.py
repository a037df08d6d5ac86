"""Runs of pipelines: start all jobs of a run at once, list and show runs, and cancel, retry and delete them.

The jobs of a run are linked by their inputs: one waits for those whose outputs it takes (see jobs/dependencies.py), and
fails with the reason if one of them fails. So a run needs no thread that advances it. Its end is an event of the
transaction that ends its last job (see jobs/pipeline_ends.py).
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy import Connection, bindparam, delete, func, insert, select, tuple_, update

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.actions import JobActions
from voxel51.server.jobs.dependencies import lock_with_dependents
from voxel51.server.jobs.pipeline_tables import pipeline_run_steps, pipeline_runs
from voxel51.server.jobs.prepared_jobs import PreparedJobs
from voxel51.server.jobs.requests import LONGEST_NAME
from voxel51.server.jobs.scheduling import check_options
from voxel51.server.jobs.service import JobService
from voxel51.server.jobs.submission import Within
from voxel51.server.parameters import read_name
from voxel51.server.pipelines.access import document_for_run, find_version, lock_pipeline
from voxel51.server.pipelines.checks import PipelineChecker, request_of_step, values_of_run
from voxel51.server.pipelines.documents import ordered_steps, outputs_of
from voxel51.server.pipelines.records import is_open, needs_of_request, run_records, steps_of
from voxel51.server.scheduling.predictions import Predictor
from voxel51.wire import dates
from voxel51.wire.jobs import DATA_ID_FIELD, JOB_ID_FIELD, InputReference, JobRequestDocument, JobState
from voxel51.wire.pipelines import (
    KEPT_RUNS,
    NewPipelineRun,
    PipelineDocument,
    PipelineRun,
    PipelineRunList,
    PipelineRunState,
)
from voxel51.wire.scheduling import SchedulingOptions

_EXAMINED_AT_ONCE = 50

_REPLACE_JOB = (
    update(pipeline_run_steps)
    .where(pipeline_run_steps.c.run_id == bindparam("of_run"), pipeline_run_steps.c.number == bindparam("of_step"))
    .where(pipeline_run_steps.c.job_id == bindparam("old_id"))
    .values(job_id=bindparam("new_id"))
)


class PipelineRunService:
    """Runs of pipelines. Every method sees only those of the given owner."""

    def __init__(
        self,
        database: Database,
        checker: PipelineChecker,
        jobs: JobService,
        actions: JobActions,
        predictor: Predictor,
    ) -> None:
        self._database = database
        self._predictor = predictor
        self._checker = checker
        self._jobs = jobs
        self._actions = actions

    def start(
        self,
        owner: User,
        pipeline_id: str,
        new: NewPipelineRun,
        group_id: str | None = None,
        within: Within | None = None,
    ) -> PipelineRun:
        """Submit the jobs of all steps in one transaction, and return the run.

        ``within`` is called with the id of the run in that transaction; if it raises, nothing is recorded.

        Raises:
            NotFound: the owner of the run may run no such pipeline, or it has no such version.
            BadRequest: an input or parameter is missing or invalid, or a step cannot run; the text names it.
            Unavailable: no job runs on this platform.
        """
        run_id = str(uuid.uuid4())
        scheduling = check_options(new.get("scheduling", {}))
        with self._database.read() as connection:
            pipeline = find_version(connection, owner, pipeline_id, new.get("version"))
        document = document_for_run(pipeline)
        inputs = _inputs(document, new.get("inputs", {}))
        values = values_of_run(document, new.get("parameters", {}))
        name = pipeline.name if "name" not in new else read_name("run", new["name"])
        analytics = self._checker.check(owner, document)
        with self._jobs.submission.prepare(owner) as prepared:
            steps: list[dict[str, object]] = []
            asked: list[dict[str, object]] = []
            jobs: dict[str, str] = {}
            for number, step in enumerate(ordered_steps(document["steps"]), 1):
                analytic = analytics[step["name"]]
                request = request_of_step(step, analytic, inputs, values)
                if new.get("reuse_result"):
                    request["reuse_result"] = True
                jobs[step["name"]] = _prepare(prepared, name, step["name"], request, jobs, scheduling, analytic)
                of_step = {"number": number, "name": step["name"], "job_id": jobs[step["name"]]}
                steps.append({"run_id": run_id, **of_step, "request": request})
                asked.append({"id": jobs[step["name"]], "analytic_id": analytic.id, "request": request})
            with self._database.read() as connection:
                predicted = self._predictor.run_seconds(connection, asked)
            for of_step in steps:
                of_step["predicted_seconds"] = predicted[str(of_step["job_id"])]
            row = {
                "id": run_id,
                "owner_id": owner.id,
                "name": name,
                "pipeline_id": pipeline_id,
                "pipeline_name": pipeline.name,
                "version": pipeline.version,
                "group_id": group_id,
                "inputs": inputs,
                "parameters": values,
                "outputs": outputs_of(document),
                "scheduling": scheduling or None,
                "created_at": dates.now(),
            }
            with self._database.write() as connection:
                acquire_advisory_locks(connection, f"pipeline runs of {owner.id}")
                lock_pipeline(connection, owner, pipeline_id)
                connection.execute(insert(pipeline_runs).values(row))
                connection.execute(insert(pipeline_run_steps), steps)
                prepared.record(connection)
                _delete_oldest(connection, owner, run_id)  # jobs are locked before runs
                if within is not None:
                    within(connection, run_id)
        with self._database.read() as connection:
            return self._record(connection, owner, run_id)

    def all(
        self, owner: User, *, pipeline_id: str | None, limit: int, cursor: str | None, group_id: str | None = None
    ) -> PipelineRunList:
        """Return a page of runs, the newest first. ``cursor`` is the id of the last one of the page before.

        Raises:
            NotFound: the owner has no run of the cursor.
        """
        run = pipeline_runs.c
        chosen = select(pipeline_runs).where(run.owner_id == owner.id)
        if pipeline_id is not None:
            chosen = chosen.where(run.pipeline_id == pipeline_id)
        if group_id is not None:
            chosen = chosen.where(run.group_id == group_id)
        with self._database.read() as connection:
            if cursor is not None:
                last = _find(connection, owner, cursor)
                chosen = chosen.where(tuple_(run.created_at, run.id) < (last.created_at, last.id))
            ordered = chosen.order_by(run.created_at.desc(), run.id.desc()).limit(limit + 1)
            rows = connection.execute(ordered).all()
            records = run_records(connection, rows[:limit])
        return {"runs": records, "next_cursor": rows[limit - 1].id if len(rows) > limit else None}

    def details(self, owner: User, run_id: str) -> PipelineRun:
        """Return a run, and why its jobs wait.

        Raises:
            NotFound: the owner has no such run.
        """
        with self._database.read() as connection:
            record = self._record(connection, owner, run_id)
        waiting = [step["job_id"] for step in record["steps"] if step["state"] in (JobState.QUEUED, JobState.SCHEDULED)]
        found = self._jobs.details_of_many(owner, waiting)
        for step in record["steps"]:
            job = found.get(step["job_id"])
            step["waiting_reason"] = job.get("waiting_reason") if isinstance(job, dict) else None
        return record

    def cancel(self, owner: User, run_id: str) -> PipelineRun:
        """Cancel all jobs of a run that have not ended.

        Raises:
            NotFound: the owner has no such run.
            BadRequest: it has ended.
        """
        with self._database.write(frees_space=True) as connection:
            # Jobs are locked before runs, as in every transaction that ends jobs.
            _find(connection, owner, run_id)
            lock_with_dependents(connection, [step.job_id for step in steps_of(connection, [run_id])[run_id]])
            row = _find(connection, owner, run_id, lock=True)
            steps = steps_of(connection, [run_id])[run_id]
            if not is_open(steps):
                state = run_records(connection, [row])[0]["state"]
                raise BadRequest(f"Run '{run_id}' is {state}; only a run that has not ended can be cancelled")
            job_ids = [step.job_id for step in steps if step.state not in (JobState.COMPLETE, JobState.FAILED, None)]
            cancelled = update(pipeline_runs).where(pipeline_runs.c.id == run_id).values(cancelled_at=dates.now())
            connection.execute(cancelled)  # before the last job ends: the event has the state
            self._actions.kill(owner, job_ids, f"the run '{row.name:.200}' of a pipeline was cancelled")
            return self._record(connection, owner, run_id)

    def retry(self, owner: User, run_id: str) -> PipelineRun:
        """Submit again the jobs of a run that failed or were cancelled, and those whose outputs they need and expired.

        Results that are complete are kept. The jobs run the versions of the analytics that the run began with.

        Raises:
            NotFound: the owner has no such run.
            BadRequest: no job of it failed, or it cannot be submitted again.
        """
        with self._database.read() as connection:
            row = _find(connection, owner, run_id)
            steps = steps_of(connection, [run_id])[run_id]
        again = _steps_to_repeat(steps)
        if not again:
            raise BadRequest(f"No job of run '{run_id}' failed or was cancelled")
        scheduling = cast("SchedulingOptions", row.scheduling or {})
        deadline = scheduling.get("deadline")
        if deadline is not None and dates.from_text(deadline) <= dates.now():
            raise BadRequest(
                f"The deadline of run '{run_id}', {deadline}, has passed. Start a new run with a later deadline"
            )
        jobs = {step.name: step.job_id for step in steps if step.name not in again}
        with self._jobs.submission.prepare(owner) as prepared:
            for step in steps:
                if step.name in again:
                    jobs[step.name] = _prepare(prepared, row.name, step.name, step.request, jobs, scheduling)
            with self._database.write() as connection:
                # The steps get their jobs before these are recorded: copies may end them, and the run, at once.
                changed = [
                    {"of_run": run_id, "of_step": step.number, "old_id": step.job_id, "new_id": jobs[step.name]}
                    for step in steps
                    if step.name in again
                ]
                if connection.execute(_REPLACE_JOB, changed).rowcount != len(changed):
                    raise BadRequest(f"Run '{run_id}' was retried or deleted by another request at the same time")
                prepared.record(connection)
                connection.execute(update(pipeline_runs).where(pipeline_runs.c.id == run_id).values(cancelled_at=None))
        with self._database.read() as connection:
            return self._record(connection, owner, run_id)

    def delete(self, owner: User, run_id: str) -> None:
        """Delete a run that has ended. Its jobs stay as they are.

        Raises:
            NotFound: the owner has no such run.
            BadRequest: it has not ended.
        """
        with self._database.write(frees_space=True) as connection:
            _find(connection, owner, run_id, lock=True)
            if is_open(steps_of(connection, [run_id])[run_id]):
                raise BadRequest(f"Run '{run_id}' is {PipelineRunState.RUNNING}; cancel it, or wait until it has ended")
            connection.execute(delete(pipeline_runs).where(pipeline_runs.c.id == run_id))

    def export(self, owner: User) -> list[PipelineRun]:
        """Return all runs of the owner, the newest first."""
        return self.all(owner, pipeline_id=None, limit=KEPT_RUNS, cursor=None)["runs"]

    def _record(self, connection: Connection, owner: User, run_id: str) -> PipelineRun:
        return run_records(connection, [_find(connection, owner, run_id)])[0]


def _prepare(
    prepared: PreparedJobs,
    run_name: str,
    step: str,
    request: JobRequestDocument,
    jobs: Mapping[str, str],
    scheduling: SchedulingOptions,
    analytic: AnalyticRow | None = None,
) -> str:
    """Prepare the job of a step, whose request names other steps, and return its id.

    Raises:
        BadRequest: the job is refused; the text names the step.
    """
    sources: Mapping[str, Mapping[str, str]] = request["inputs"]  # type: ignore[assignment]  # step: see tables.py
    inputs = {
        name: {JOB_ID_FIELD: jobs[source["step"]]} if "step" in source else source for name, source in sources.items()
    }
    complete = cast("JobRequestDocument", {**request, "inputs": inputs})
    name = f"{run_name:.{LONGEST_NAME - len(step) - 3}} · {step}"
    try:
        reuse = request.get("reuse_result", False)
        return prepared.add(complete, name, scheduling=scheduling, reuse=reuse, analytic=analytic)
    except BadRequest as error:
        raise BadRequest(f"Step '{step}': {error}") from None


def _find(connection: Connection, owner: User, run_id: str, *, lock: bool = False) -> DatabaseRow:
    chosen = select(pipeline_runs).where(pipeline_runs.c.id == run_id, pipeline_runs.c.owner_id == owner.id)
    row = connection.execute(chosen.with_for_update() if lock else chosen).first()
    if row is None:
        raise NotFound(f"Run '{run_id}' of a pipeline not found; it may belong to another user. List your runs")
    return row


def _inputs(document: PipelineDocument, given: Mapping[str, InputReference]) -> dict[str, InputReference]:
    """Return the file of each input of a pipeline.

    Raises:
        BadRequest: one is missing or unknown, or is not a reference to a file.
    """
    names = [each["name"] for each in document.get("inputs", [])]
    for name in given:
        if name not in names:
            raise BadRequest(f"The pipeline has no input {name!r:.100}; its inputs are {', '.join(names) or 'none'}")
    for name in names:
        if name not in given:
            raise BadRequest(f"Input '{name}' is missing; set it under 'inputs' to {{\"{DATA_ID_FIELD}\": ID}}")
        if len(given[name]) != 1 or not given[name].keys() <= {DATA_ID_FIELD, JOB_ID_FIELD}:
            raise BadRequest(
                f'Input \'{name}\' must be {{"{DATA_ID_FIELD}": ID}} or {{"{JOB_ID_FIELD}": ID}}, not '
                f"{given[name]!r:.100}"
            )
    return {**given}


def _steps_to_repeat(steps: Sequence[DatabaseRow]) -> set[str]:
    """Return the names of the steps to run again: those without a result, and those whose expired output they need."""
    by_name = {step.name: step for step in steps}
    again = {step.name for step in steps if step.state in (JobState.FAILED, None)}
    pending = [*again]
    while pending:
        for need in needs_of_request(by_name[pending.pop()].request):
            if by_name[need].expired and need not in again:
                again.add(need)
                pending.append(need)
    return again


def _delete_oldest(connection: Connection, owner: User, new_id: str) -> None:
    """Delete ended runs that are too many with the new one. The caller holds the lock."""
    run = pipeline_runs.c
    of_owner = run.owner_id == owner.id
    excess = connection.execute(select(func.count()).where(of_owner)).scalar_one() - KEPT_RUNS
    if excess > 0:
        oldest = (
            select(run.id)
            .where(of_owner, run.id != new_id)
            .order_by(run.created_at, run.id)
            .limit(excess + _EXAMINED_AT_ONCE)
        )
        ids = connection.execute(oldest).scalars().all()
        steps = steps_of(connection, ids)
        ended = [run_id for run_id in ids if not is_open(steps[run_id])]
        connection.execute(delete(pipeline_runs).where(run.id.in_(ended[:excess])))
