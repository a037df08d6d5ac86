"""Job inputs: which data each job of a user was given, as rows by which data are filtered."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert

from voxel51.server.jobs.requests import files_of
from voxel51.server.jobs.tables import job_inputs
from voxel51.wire.jobs import JobRequestDocument


def record_inputs(
    connection: Connection, owner_id: str, requests: Mapping[str, tuple[str, JobRequestDocument]]
) -> None:
    """Record the data among the inputs of new jobs, within the transaction that records the jobs.

    ``requests`` are the analytic id and the request of each job, by job id.
    """
    rows = [
        {"job_id": job_id, "owner_id": owner_id, "analytic_id": analytic_id, "data_id": data_id}
        for job_id, (analytic_id, request) in requests.items()
        for data_id in sorted({file.data_id for file in files_of(request)["inputs"].values() if file.data_id})
    ]
    if rows:
        connection.execute(insert(job_inputs), rows)
