"""Result cache: complete jobs of an owner by run key, for analytics that declare themselves deterministic.

The key (`voxel51.wire.run_keys`) is recorded with the job, in its transaction. It holds the weights that the job's
parameters select when it is submitted; a later change of the weights gives later jobs another key.

A result that the users of an application share has a second key. It holds the names of the files too, because outputs
may contain them: two users share a result only if everything that the analytic reads is the same.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import applications
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.jobs.requests import files_of
from voxel51.server.jobs.tables import job_run_keys, jobs
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticRecord, AnalyticScope
from voxel51.wire.hashing import new_sha256
from voxel51.wire.jobs import DATA_ID_FIELD, JobComputeMode, JobRequestDocument, JobState
from voxel51.wire.run_keys import Content, Output, run_key

Hashes = Mapping[str, str | Output | None]
"""Contents of data and of outputs of jobs, by id: the SHA-256, or the run key of the job that makes
it. None if neither is known, such as for data by URL.

An output stands for its run key as soon as it has one, also once its hash is known: a step of a pipeline has a key
before the steps that it takes the outputs of have run, and the same one after that.
"""

Names = Mapping[str, object]
"""Names that contents may have in them, by id: the name of data; for an output, `named_output`."""


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
    given = files_of(request)["inputs"]
    inputs = {name: hashes.get(str(file.data_id or file.job_id)) for name, file in given.items()}
    parameters: dict[str, object] = {}
    for name, value in request["parameters"].items():
        if isinstance(value, dict) and DATA_ID_FIELD in value:
            sha256 = hashes.get(str(value[DATA_ID_FIELD]))
            if not isinstance(sha256, str):
                return None
            parameters[name] = Content(sha256)
        else:
            parameters[name] = value
    known = {name: content for name, content in inputs.items() if content is not None}
    if len(known) < len(inputs):
        return None
    mode = str(request.get("compute_mode", JobComputeMode.BEST))
    return run_key(identity, analytic.document, known, parameters, mode)


@dataclass(frozen=True, slots=True)
class ResultKeys:
    """Keys of the result of a job.

    Attributes:
        run_key: for jobs of the same owner.
        application_id, shared_key: for jobs of the other users of this application; None if the result is not shared.
    """

    run_key: str
    application_id: str | None = None
    shared_key: str | None = None


def shared_key(run_key: str, request: JobRequestDocument, names: Names) -> str | None:
    """Return the key by which users of an application share the result of a checked request.

    Return None if a file is not among ``names``: the output of a job whose result is not shared, or a review.
    """
    named: dict[str, dict[str, object]] = {}
    for part, files in files_of(request).items():
        ids = {name: str(file.data_id or file.job_id) for name, file in files.items()}
        if any(each not in names for each in ids.values()):
            return None
        named[part] = {name: names[each] for name, each in ids.items()}
    text = json.dumps({"run_key": run_key, "names": named}, sort_keys=True, separators=(",", ":"))
    return new_sha256(text.encode()).hexdigest()


def named_output(key: str) -> object:
    """Return what stands for the names of files in an output, in the shared keys of jobs that take it.

    ``key`` is its own shared key. A name of data is text, so that no name of data is equal to it.
    """
    return {"shared-key": key}


def is_shareable(analytic: AnalyticRow, owner: User) -> bool:
    """Return whether the result depends on nothing but the files and parameters of a job, for every owner alike.

    The analytic must be installed with the platform or owned by the application: users could let one of their own say
    what they like. It must use no secret, which is its owner's, and no network, which may answer each owner otherwise.
    """
    extensions = analytic.document.get("extensions", {})
    is_trusted = analytic.scope == AnalyticScope.PUBLIC or analytic.owner == f"application:{owner.application_id}"
    return is_trusted and not extensions.get("secrets") and not extensions.get("network")


def shares_results(connection: Connection, application_id: str) -> bool:
    """Return whether the users of an application share results."""
    chosen = select(applications.c.shares_results).where(applications.c.id == application_id)
    return bool(connection.execute(chosen).scalar())


def record_keys(connection: Connection, owner_id: str, keys: Mapping[str, ResultKeys]) -> None:
    """Record the keys of new jobs of an owner, by job id, in the transaction that creates the jobs."""
    if keys:
        rows = [{"job_id": job_id, "owner_id": owner_id, **asdict(of_job)} for job_id, of_job in keys.items()]
        connection.execute(insert(job_run_keys), rows)


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
