"""Records of runs: the state and progress of a run follow from its jobs, so nothing has to keep them up to date.

Each step has a share of the progress: its run time as it was predicted when the run began. Measured times would be
better, but would let the progress go back. Steps whose result was copied have no share.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Select, case, or_, select

from voxel51.server.database.types import DatabaseRow, without_index
from voxel51.server.jobs.pipeline_ends import state_of_run
from voxel51.server.jobs.pipeline_tables import pipeline_run_steps, pipeline_runs
from voxel51.server.jobs.status import progress_of
from voxel51.server.jobs.status_messages import last_message
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.jobs import JobRequestDocument, JobState
from voxel51.wire.pipelines import PipelineRun, PipelineRunState, PipelineRunStep

_ENDED = (JobState.COMPLETE, JobState.FAILED)
_DELETED = "the job was deleted"


def steps_with_jobs() -> Select[*tuple[object, ...]]:
    """Select the steps of runs with the state, times and messages of their jobs."""
    # Only what is shown is read: the status documents of complete jobs may be long.
    says_something = or_(jobs.c.state == JobState.RUNNING.value, jobs.c.state == JobState.FAILED.value)
    return (
        select(
            pipeline_run_steps, jobs.c.state, jobs.c.reused, jobs.c.expired, jobs.c.start_date, jobs.c.failure_message
        )
        .add_columns(jobs.c.completion_date, jobs.c.fail_date, case((says_something, jobs.c.status_text)).label("text"))
        .join(pipeline_runs, pipeline_runs.c.id == pipeline_run_steps.c.run_id)
        .outerjoin(
            jobs,
            (jobs.c.id == pipeline_run_steps.c.job_id) & (without_index(jobs.c.owner_id) == pipeline_runs.c.owner_id),
        )
    )


def steps_of(connection: Connection, run_ids: Sequence[str]) -> dict[str, list[DatabaseRow]]:
    """Return the steps of each run, as `steps_with_jobs` selects them, by the id of the run."""
    found: dict[str, list[DatabaseRow]] = {run_id: [] for run_id in run_ids}
    step = pipeline_run_steps.c
    chosen = steps_with_jobs().where(step.run_id.in_(run_ids)).order_by(step.run_id, step.number)
    for row in connection.execute(chosen):
        found[row.run_id].append(row)
    return found


def run_records(connection: Connection, rows: Sequence[DatabaseRow]) -> list[PipelineRun]:
    """Return the records of runs."""
    steps = steps_of(connection, [row.id for row in rows])
    return [_run_record(row, [*map(step_record, steps[row.id], weights_of(steps[row.id]))]) for row in rows]


def weights_of(steps: Sequence[DatabaseRow]) -> list[float]:
    """Return the share of each step in the progress of a run, which are 1 together.

    A step of which nothing is known counts as an average one.
    """
    predicted = [0.0 if step.reused is not None else step.predicted_seconds for step in steps]
    known = [seconds for seconds in predicted if seconds]
    average = sum(known) / len(known) if known else 1.0
    seconds = [average if each is None else each for each in predicted]
    total = sum(seconds)
    return [each / total if total else 1 / len(steps) for each in seconds]


def is_open(steps: Sequence[DatabaseRow]) -> bool:
    """Return whether a job of a run has not ended."""
    return any(step.state is not None and step.state not in _ENDED for step in steps)


def needs_of_request(request: JobRequestDocument) -> list[str]:
    """Return the names of the steps whose jobs the stored request of a step takes outputs of, each once."""
    sources: Mapping[str, Mapping[str, str]] = request["inputs"]  # type: ignore[assignment]  # step: see tables.py
    return [*dict.fromkeys(source["step"] for source in sources.values() if "step" in source)]


def step_record(row: DatabaseRow, weight: float) -> PipelineRunStep:
    """Return the record of a row of `steps_with_jobs`, which has the share ``weight`` in the progress of its run."""
    ended = row.completion_date or row.fail_date
    message = None
    if row.state is None:
        message = _DELETED
    elif row.state == JobState.FAILED:
        message = row.failure_message or last_message(row.text)
    return {
        "name": row.name,
        "analytic": row.request["analytic"],
        "version": row.request["version"],
        "needs": needs_of_request(row.request),
        "job_id": row.job_id,
        "state": row.state or JobState.FAILED.value,
        "progress": _progress(row),
        "weight": round(weight, 6),
        "reused": row.reused,
        "expired": bool(row.expired),
        "start_date": None if row.start_date is None else dates.to_text(row.start_date),
        "end_date": None if ended is None else dates.to_text(ended),
        "message": message,
    }


def _progress(row: DatabaseRow) -> float:
    if row.state == JobState.COMPLETE:
        return 1.0
    fraction = (progress_of(row.text) or {}).get("fraction", 0.0) if row.state == JobState.RUNNING else 0.0
    return round(min(max(fraction, 0.0), 1.0), 4)


def _run_record(row: DatabaseRow, steps: list[PipelineRunStep]) -> PipelineRun:
    state = state_of_run({step["state"] for step in steps}, row.cancelled_at)
    ended = [step["end_date"] for step in steps if step["end_date"] is not None]
    by_name = {step["name"]: step["job_id"] for step in steps}
    return {
        "id": row.id,
        "name": row.name,
        "state": state.value,
        "progress": round(sum(step["weight"] * step["progress"] for step in steps), 4),
        "pipeline_id": row.pipeline_id,
        "pipeline": row.pipeline_name,
        "version": row.version,
        "group_id": row.group_id,
        "inputs": row.inputs,
        "parameters": row.parameters,
        "scheduling": row.scheduling,
        "created_date": dates.to_text(row.created_at),
        "end_date": None if state == PipelineRunState.RUNNING else max(ended, default=None),
        "steps": steps,
        "outputs": {name: by_name[step] for name, step in row.outputs.items()},
    }
