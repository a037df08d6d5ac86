"""Details of jobs beyond their rows: progress, estimated time, queue position, failure message and inputs."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from voxel51.server.data.tables import data
from voxel51.server.jobs.queue_positions import QueuePositions
from voxel51.server.jobs.requests import files_of
from voxel51.server.jobs.status import last_message, progress_of
from voxel51.wire import dates
from voxel51.wire.jobs import JobInput, JobState
from voxel51.wire.query import JOBS_FURTHER_FIELDS

_BATCH_SIZE = 1000
"""Number of ids in one statement; databases limit the number of its variables."""

_FieldReader = Callable[[RowMapping], object]


def further_fields(
    connection: Connection, rows: Sequence[RowMapping], names: Collection[str], positions: QueuePositions
) -> dict[str, dict[str, object]]:
    """Return the fields ``names``, of those in `JOBS_FURTHER_FIELDS`, of each of these jobs, by job id.

    ``rows`` are as `voxel51.server.jobs.outputs.jobs_with_files` selects them. The number of statements does not depend
    on the number of jobs.
    """
    readers: dict[str, _FieldReader] = {name: _column(name) for name in JOBS_FURTHER_FIELDS}
    readers |= {"analytic": _analytic, "progress": _progress, "failure_message": _failure_message}
    if "eta_seconds" in names:
        now = dates.now()
        readers["eta_seconds"] = lambda job: eta_seconds(job, now)
    if "queue_position" in names:
        found = positions.of(connection, rows)
        readers["queue_position"] = lambda job: found.get(job["id"])
    if "inputs" in names:
        filenames = _filenames(connection, rows)
        readers["inputs"] = lambda job: _inputs(job, filenames)
    return {row["id"]: {name: readers[name](row) for name in names} for row in rows}


def eta_seconds(job: RowMapping, now: datetime) -> float | None:
    """Return the seconds until a running job is done if it continues at its average speed; None if unknown."""
    fraction = (progress_of(job["status_text"]) or {}).get("fraction", 0.0)
    if job["state"] != JobState.RUNNING or job["start_date"] is None or not 0 < fraction <= 1:
        return None
    seconds: float = max(0.0, (now - job["start_date"]).total_seconds())
    return round(seconds * (1 - fraction) / fraction, 1)


def _column(name: str) -> _FieldReader:
    return lambda job: job[name]


def _analytic(job: RowMapping) -> object:
    return job["request"]["analytic"]


def _progress(job: RowMapping) -> object:
    return progress_of(job["status_text"])


def _failure_message(job: RowMapping) -> str | None:
    """Return the failure message of the platform, or else the last message of the attempt."""
    if job["state"] != JobState.FAILED:
        return None
    return job["failure_message"] or last_message(job["status_text"])


def _inputs(job: RowMapping, filenames: Mapping[tuple[str, str], str]) -> list[JobInput]:
    return [
        {"name": name, "data_id": data_id, "filename": filenames.get((job["owner_id"], data_id))}
        for name, data_id in _data_of(job)
    ]


def _data_of(job: RowMapping) -> Iterable[tuple[str, str]]:
    for name, reference in files_of(job["request"])["inputs"].items():
        if reference.data_id is not None:
            yield name, reference.data_id


def _filenames(connection: Connection, rows: Iterable[RowMapping]) -> dict[tuple[str, str], str]:
    """Return the filenames of the inputs that still exist, by owner id and data id."""
    ids = sorted({data_id for row in rows for _, data_id in _data_of(row)})
    found: dict[tuple[str, str], str] = {}
    for start in range(0, len(ids), _BATCH_SIZE):
        chosen = data.c.id.in_(ids[start : start + _BATCH_SIZE])
        for row in connection.execute(select(data.c.owner_id, data.c.id, data.c.name).where(chosen)):
            found[row.owner_id, row.id] = row.name
    return found
