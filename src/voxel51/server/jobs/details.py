"""Details of jobs beyond their rows: progress, estimated time, queue position, failure message and inputs."""

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from operator import itemgetter

from sqlalchemy import Connection, ScalarSelect, Select, literal_column, select

from voxel51.server.data.tables import data
from voxel51.server.database.types import DatabaseRecord, json_collected, json_entries, json_entry
from voxel51.server.jobs.outputs import jobs_with_files
from voxel51.server.jobs.queue_positions import QueuePositions
from voxel51.server.jobs.requests import files_of
from voxel51.server.jobs.scheduling import options_of
from voxel51.server.jobs.splits import splits_of
from voxel51.server.jobs.status import progress_of
from voxel51.server.jobs.status_messages import last_message
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.jobs import DATA_ID_FIELD, JobInput, JobState
from voxel51.wire.query import JOBS_FURTHER_FIELDS

_FieldReader = Callable[[DatabaseRecord], object]

Outlook = Callable[[Connection, Sequence[DatabaseRecord]], Mapping[str, Mapping[str, object]]]
"""Returns the `OUTLOOK_FIELDS` of each of these jobs of which something is known, by job id."""

OUTLOOK_FIELDS = ("waiting_reason", "estimated_start", "estimated_completion")
"""Fields that say what is to be expected of a job that has not ended."""


def no_outlook(_connection: Connection, _rows: Sequence[DatabaseRecord]) -> Mapping[str, Mapping[str, object]]:
    """Know nothing of what is to be expected."""
    return {}


def jobs_with_details() -> Select[*tuple[object, ...]]:
    """Select jobs as `jobs_with_files` does, with ``filenames``: those of the inputs that still exist, by data id."""
    return jobs_with_files().add_columns(_filenames().label("filenames"))


def _filenames() -> ScalarSelect[object]:
    given = json_entries(jobs.c.request, literal_column("'inputs'")).table_valued("key", "value", name="given")
    data_id = json_entry(given.c.value, literal_column(f"'{DATA_ID_FIELD}'"))
    named = select(json_collected(data.c.id, data.c.name)).select_from(given)
    return named.join(data, (data.c.id == data_id) & (data.c.owner_id == jobs.c.owner_id)).scalar_subquery()


def further_fields(
    connection: Connection,
    rows: Sequence[DatabaseRecord],
    names: Set[str],
    positions: QueuePositions,
    outlook: Outlook = no_outlook,
) -> dict[str, dict[str, object]]:
    """Return the fields ``names``, of those in `JOBS_FURTHER_FIELDS`, of each of these jobs, by job id.

    ``rows`` are as `jobs_with_details` selects them. The number of further statements, for queue positions and splits,
    does not depend on the number of jobs.
    """
    readers = {**_READERS}
    if "queue_position" in names:
        found = positions.of(connection, rows)
        readers = {**readers, "queue_position": lambda job: found.get(job["id"])}
    if "split" in names:
        splits = splits_of(connection, [row["id"] for row in rows])
        readers = {**readers, "split": lambda job: splits.get(job["id"])}
    if not names.isdisjoint(("eta_seconds", *OUTLOOK_FIELDS)):
        expected = outlook(connection, rows)
        readers |= {name: _expected(expected, name, _READERS[name]) for name in ("eta_seconds", *OUTLOOK_FIELDS)}
    return {row["id"]: {name: readers[name](row) for name in names} for row in rows}


def _expected(expected: Mapping[str, Mapping[str, object]], name: str, otherwise: _FieldReader) -> _FieldReader:
    def read(job: DatabaseRecord) -> object:
        known = expected.get(job["id"], {})
        return known[name] if name in known else otherwise(job)

    return read


def eta_seconds(job: DatabaseRecord, now: datetime) -> float | None:
    """Return the seconds until a running job is done if it continues at its average speed; None if unknown."""
    if job["state"] != JobState.RUNNING or job["start_date"] is None:
        return None
    fraction = (progress_of(job["status_text"]) or {}).get("fraction", 0.0)
    if not 0 < fraction <= 1:
        return None
    seconds: float = max(0.0, (now - job["start_date"]).total_seconds())
    return round(seconds * (1 - fraction) / fraction, 1)


def _analytic(job: DatabaseRecord) -> object:
    return job["request"]["analytic"]


def _progress(job: DatabaseRecord) -> object:
    return progress_of(job["status_text"])


def _failure_message(job: DatabaseRecord) -> str | None:
    """Return the failure message of the platform, or else the last message of the attempt."""
    if job["state"] != JobState.FAILED:
        return None
    return job["failure_message"] or last_message(job["status_text"])


def _inputs(job: DatabaseRecord) -> list[JobInput]:
    return [
        {"name": name, "data_id": file.data_id, "filename": job["filenames"].get(file.data_id)}
        for name, file in files_of(job["request"])["inputs"].items()
        if file.data_id is not None
    ]


_READERS: dict[str, _FieldReader] = {name: itemgetter(name) for name in JOBS_FURTHER_FIELDS} | {
    "analytic": _analytic,
    "progress": _progress,
    "failure_message": _failure_message,
    "eta_seconds": lambda job: eta_seconds(job, dates.now()),
    "inputs": _inputs,
    "scheduling": options_of,
    **dict.fromkeys(OUTLOOK_FIELDS, lambda _job: None),
}
"""Functions that read the fields from the row of a job. The queue position and the split are not in the row."""
