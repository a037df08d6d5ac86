"""Ends of runs of pipelines: record the event in the transaction that ends the last job of a run.

A run has ended when all its jobs have. Of two jobs that end at the same time, the second must see that the first has
ended: `lock_runs` locks the runs of all jobs that may end, after these jobs and before the first change.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from voxel51.server.events import outbox
from voxel51.server.jobs.pipeline_tables import pipeline_run_steps, pipeline_runs
from voxel51.server.jobs.tables import jobs
from voxel51.wire.events import NO_JOB, EndedPipelineRun, EventName
from voxel51.wire.jobs import JobState
from voxel51.wire.pipelines import PipelineRunState

_run, _step = pipeline_runs.c, pipeline_run_steps.c
_is_complete = jobs.c.state == JobState.COMPLETE.value
_has_ended = _is_complete | (jobs.c.state == JobState.FAILED.value) | jobs.c.id.is_(None)  # or was deleted

# Every job that ends is looked for among the steps of runs: the statements are built once.
_OF_JOBS = _run.id.in_(select(_step.run_id).where(_step.job_id.in_(bindparam("job_ids", expanding=True))))
_LOCKED = select(_run.id).where(_OF_JOBS).order_by(_run.id).with_for_update()
_ENDED = (
    select(_run.id, _run.owner_id, _run.name, _run.pipeline_id, _run.pipeline_name, _run.version, _run.cancelled_at)
    .add_columns(func.count().label("steps"), func.count().filter(_is_complete).label("complete"))
    .join(pipeline_run_steps, _step.run_id == _run.id)
    .outerjoin(jobs, jobs.c.id == _step.job_id)
    .where(_OF_JOBS)
    .group_by(_run.id)
    .having(func.count().filter(_has_ended) == func.count())
    .order_by(_run.id)
)


def lock_runs(connection: Connection, job_ids: Sequence[str]) -> None:
    """Lock the runs of jobs that may end in this transaction, which has locked these jobs."""
    connection.execute(_LOCKED, {"job_ids": job_ids}).all()


def record_ended_runs(connection: Connection, job_ids: Collection[str]) -> None:
    """Record an event for each run that has ended with these jobs, which have just ended in this transaction."""
    if not job_ids:
        return
    for row in connection.execute(_ENDED, {"job_ids": [*job_ids]}):
        states = {JobState.COMPLETE} if row.complete == row.steps else {JobState.FAILED}
        run: EndedPipelineRun = {
            "id": row.id,
            "name": row.name,
            "state": state_of_run(states, row.cancelled_at).value,
            "pipeline_id": row.pipeline_id,
            "pipeline": row.pipeline_name,
            "version": row.version,
            "steps": row.steps,
            "complete": row.complete,
        }
        outbox.record(connection, EventName.PIPELINE_RUN_ENDED, [(NO_JOB, row.owner_id)], {"pipeline_run": run})


def state_of_run(states: Collection[str], cancelled_at: datetime | None) -> PipelineRunState:
    """Return the state of a run, whose jobs are in these states and which its owner may have cancelled."""
    if not {*states} <= {JobState.COMPLETE, JobState.FAILED}:
        return PipelineRunState.RUNNING
    if {*states} == {JobState.COMPLETE}:
        return PipelineRunState.COMPLETE
    return PipelineRunState.FAILED if cancelled_at is None else PipelineRunState.CANCELLED
