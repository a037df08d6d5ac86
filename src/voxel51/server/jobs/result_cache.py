"""Result cache: complete jobs of an owner by run key, for analytics that declare themselves deterministic.

The key (`voxel51.wire.run_keys`) is recorded with the job, in its transaction. It holds the weights that the job's
parameters select when it is submitted; a later change of the weights gives later jobs another key.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, insert, select

from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.jobs.tables import job_run_keys, jobs
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticRecord
from voxel51.wire.jobs import DATA_ID_FIELD, JobComputeMode, JobRequestDocument, JobState
from voxel51.wire.run_keys import Content, run_key

Hashes = Mapping[str, str | None]
"""SHA-256 of data by its id; None while it is unknown, such as that of data by URL."""


def identity_of(analytics: AnalyticService, analytic: AnalyticRow) -> AnalyticRecord:
    """Return the parts of an analytic's record that a run key depends on."""
    record: AnalyticRecord = {"id": analytic.id, "name": analytic.name, "version": analytic.version}
    if weights := analytics.weights(analytic):
        record["weights"] = weights
    return record


def is_deterministic(analytic: AnalyticRow) -> bool:
    """Return whether the manifest says that equal jobs have equal results."""
    return bool(analytic.document.get("extensions", {}).get("deterministic"))


def key_of(identity: AnalyticRecord, analytic: AnalyticRow, request: JobRequestDocument, hashes: Hashes) -> str | None:
    """Return the run key of a checked request; None if the hash of one of its files is unknown."""
    inputs = {name: hashes.get(reference["data-id"]) for name, reference in request["inputs"].items()}
    parameters: dict[str, object] = {}
    for name, value in request["parameters"].items():
        if isinstance(value, dict) and DATA_ID_FIELD in value:
            sha256 = hashes.get(str(value[DATA_ID_FIELD]))
            if sha256 is None:
                return None
            parameters[name] = Content(sha256)
        else:
            parameters[name] = value
    known = {name: sha256 for name, sha256 in inputs.items() if sha256 is not None}
    if len(known) < len(inputs):
        return None
    mode = str(request.get("compute_mode", JobComputeMode.BEST))
    return run_key(identity, analytic.document, known, parameters, mode)


def record_key(connection: Connection, owner_id: str, job_id: str, key: str) -> None:
    """Record the key of a job, in the transaction that creates it."""
    connection.execute(insert(job_run_keys).values(job_id=job_id, owner_id=owner_id, run_key=key))


def find_results(connection: Connection, owner_id: str, keys: Sequence[str]) -> dict[str, str]:
    """Return the newest complete job of the owner for each key, of those jobs whose output has not expired."""
    statement = (
        select(job_run_keys.c.run_key, jobs.c.id)
        .join(jobs, jobs.c.id == job_run_keys.c.job_id)
        .where(
            job_run_keys.c.owner_id == owner_id,
            job_run_keys.c.run_key.in_(keys),
            jobs.c.state == JobState.COMPLETE.value,
            jobs.c.expired.is_(False),
            jobs.c.expiration_date > dates.now(),
        )
        .order_by(jobs.c.completion_date)
    )
    return {row.run_key: row.id for row in connection.execute(statement)}
