"""Job inputs: which data each job of a user was given, as rows by which data are filtered."""

from sqlalchemy import Connection, insert

from voxel51.server.jobs.requests import files_of
from voxel51.server.jobs.tables import job_inputs
from voxel51.wire.jobs import JobRequestDocument


def record_inputs(
    connection: Connection, job_id: str, owner_id: str, analytic_id: str, request: JobRequestDocument
) -> None:
    """Record the data among the inputs of a new job, within the transaction that records the job."""
    ids = sorted({file.data_id for file in files_of(request)["inputs"].values() if file.data_id is not None})
    of_job = {"job_id": job_id, "owner_id": owner_id, "analytic_id": analytic_id}
    if ids:
        connection.execute(insert(job_inputs), [{**of_job, "data_id": data_id} for data_id in ids])
