"""Datasets: create, list, find and delete them. Their archives are renditions (`voxel51.server.renditions`)."""

from dataclasses import asdict, dataclass
from typing import cast
from uuid import uuid4

from sqlalchemy import Connection, Select, delete, func, insert, select

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.datasets.selection import DatasetJob, newest_jobs, select_jobs
from voxel51.server.datasets.tables import dataset_jobs, datasets
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.datasets import (
    MAX_DATASET_NAME,
    DatasetDefinition,
    DatasetRecord,
    DatasetRequest,
    checked_definition,
)

MAX_DATASETS = 1000
"""Number of datasets that one user may have."""

_BATCH_SIZE = 200


@dataclass(frozen=True, slots=True)
class Dataset:
    """Dataset with its jobs, as an archive is made of it."""

    id: str
    name: str
    definition: DatasetDefinition
    jobs: list[DatasetJob]


class DatasetService:
    """Datasets of users. Every method sees only those of the given owner."""

    def __init__(self, database: Database, analytics: AnalyticService) -> None:
        self._database = database
        self._analytics = analytics

    def create(self, owner: User, request: DatasetRequest) -> DatasetRecord:
        """Create a dataset. Nothing is exported until its archive is requested.

        Raises:
            BadRequest: the name or an option is invalid, or a job has no labels of a video, or none yet.
            NotFound: the owner has no such job, or its video was deleted and images are wanted.
        """
        name = request["name"].strip()
        if not name.isprintable() or not 1 <= len(name) <= MAX_DATASET_NAME:
            raise BadRequest(f"'name' must have 1 to {MAX_DATASET_NAME} printable characters, not {name!r:.120}")
        if ("jobs" in request) == ("analytic" in request) or ("data" in request and "analytic" not in request):
            raise BadRequest("Either 'jobs', or an 'analytic' with or without 'data', is required")
        try:
            definition = checked_definition(request["options"])
        except ValueError as error:
            raise BadRequest(f"Invalid options: {error}") from None
        analytic = self._analytics.resolve(owner, request["analytic"], None).name if "analytic" in request else None
        dataset_id = str(uuid4())
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"datasets of {owner.id}")
            self._check_count(connection, owner)
            ids = newest_jobs(connection, owner, analytic, request.get("data")) if analytic else request["jobs"]
            chosen = select_jobs(connection, owner, ids, with_videos=definition["images"])
            row = {
                "id": dataset_id,
                "owner_id": owner.id,
                "name": name,
                "definition": definition,
                "job_count": len(chosen),
                "created_at": dates.now(),
            }
            connection.execute(insert(datasets).values(row))
            rows = [
                {"dataset_id": dataset_id, "position": position, **asdict(each)} for position, each in enumerate(chosen)
            ]
            connection.execute(insert(dataset_jobs), rows)
            return _record(_row(connection, owner, dataset_id))

    def all(self, owner: User) -> list[DatasetRecord]:
        """Return the datasets of the owner, the newest first."""
        chosen = select(datasets).where(datasets.c.owner_id == owner.id, datasets.c.id.not_in(_incomplete()))
        with self._database.read() as connection:
            rows = connection.execute(chosen.order_by(datasets.c.created_at.desc(), datasets.c.id)).all()
        return [_record(row) for row in rows]

    def record(self, owner: User, dataset_id: str) -> DatasetRecord:
        """Return one dataset.

        Raises:
            NotFound: the owner has no such dataset, or one of its jobs or videos was deleted.
        """
        with self._database.read() as connection:
            return _record(_row(connection, owner, dataset_id))

    def find(self, owner: User, dataset_id: str) -> Dataset:
        """Return one dataset with its jobs; raise as `record` does."""
        chosen = select(dataset_jobs).where(dataset_jobs.c.dataset_id == dataset_id)
        with self._database.read() as connection:
            row = _row(connection, owner, dataset_id)
            members = connection.execute(chosen.order_by(dataset_jobs.c.position)).all()
        of_dataset = [DatasetJob(each.job_id, each.data_id, each.video_key, each.video_name) for each in members]
        return Dataset(row.id, row.name, row.definition, of_dataset)

    def delete(self, owner: User, dataset_id: str) -> None:
        """Delete a dataset, and by its rows its archive.

        Raises:
            NotFound: the owner has no such dataset.
        """
        mine = (datasets.c.id == dataset_id) & (datasets.c.owner_id == owner.id)
        with self._database.write(frees_space=True) as connection:
            if connection.execute(delete(datasets).where(mine)).rowcount == 0:
                raise _not_found(dataset_id)

    def delete_incomplete(self) -> int:
        """Delete datasets of which a job or video was deleted or has expired; return how many."""
        with self._database.write(frees_space=True) as connection:
            chosen = connection.execute(_incomplete().limit(_BATCH_SIZE)).scalars().all()
            connection.execute(delete(datasets).where(datasets.c.id.in_(chosen)))
        return len(chosen)

    def _check_count(self, connection: Connection, owner: User) -> None:
        count = connection.execute(select(func.count()).where(datasets.c.owner_id == owner.id)).scalar_one()
        if count >= MAX_DATASETS:
            raise BadRequest(f"You have {count} datasets, and at most {MAX_DATASETS} are allowed. Delete some first.")


def _incomplete() -> Select[tuple[str]]:
    """Select the ids of datasets that have fewer jobs than they were created with."""
    joined = dataset_jobs.join(jobs, jobs.c.id == dataset_jobs.c.job_id)
    present = select(func.count()).select_from(joined)
    present = present.where(dataset_jobs.c.dataset_id == datasets.c.id, jobs.c.expired.is_(False))
    count = present.correlate(datasets).scalar_subquery()
    return select(datasets.c.id).where(count < datasets.c.job_count)


def _row(connection: Connection, owner: User, dataset_id: str) -> DatabaseRow:
    mine = (datasets.c.id == dataset_id) & (datasets.c.owner_id == owner.id)
    row = connection.execute(select(datasets).where(mine)).first()
    if row is None:
        raise _not_found(dataset_id)
    if connection.execute(_incomplete().where(datasets.c.id == dataset_id)).first() is not None:
        raise NotFound(
            f"Dataset '{dataset_id}' is deleted, because one of its jobs or videos was deleted or has expired"
        )
    return row


def _record(row: DatabaseRow) -> DatasetRecord:
    return {
        "id": row.id,
        "name": row.name,
        "definition": cast("DatasetDefinition", row.definition),
        "job_count": row.job_count,
        "creation_date": dates.to_text(row.created_at),
    }


def _not_found(dataset_id: str) -> NotFound:
    return NotFound(f"Dataset '{dataset_id}' not found; it may belong to another user")
