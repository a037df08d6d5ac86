"""Datasets: create, list, find and delete them. Their archives are renditions (`voxel51.server.renditions`)."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import cast
from uuid import uuid4

from sqlalchemy import Connection, ScalarSelect, Select, delete, func, insert, select

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.search import Term
from voxel51.server.database.types import DatabaseRow
from voxel51.server.datasets.selection import DatasetJob, check_choice, newest_jobs, select_jobs
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

MAX_SEARCHED_VIDEOS = 10_000
"""Number of files that the search of a dataset may find."""

_BATCH_SIZE = 200


@dataclass(frozen=True, slots=True)
class DatasetPlaces:
    """Lookups in packages that build on datasets. Each raises `NotFound` unless the owner can read what it names.

    Attributes:
        members: returns the ids of the owner's data in a collection.
        results: returns the ids of the jobs of a batch that have results, for one of its sets of parameters.
        found: returns the ids of the owner's data that match all terms, up to a number.
    """

    members: Callable[[Connection, User, str], Sequence[str]]
    results: Callable[[Connection, User, str, int | None], Sequence[str]]
    found: Callable[[Connection, User, Sequence[Term], int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Dataset with its jobs, as an archive is made of it."""

    id: str
    name: str
    definition: DatasetDefinition
    jobs: list[DatasetJob]


class DatasetService:
    """Datasets of users. Every method sees only those of the given owner."""

    def __init__(self, database: Database, analytics: AnalyticService, places: DatasetPlaces) -> None:
        self._database = database
        self._analytics = analytics
        self._places = places

    def create(self, owner: User, request: DatasetRequest, terms: Sequence[Term] | None = None) -> DatasetRecord:
        """Create a dataset. Nothing is exported until its archive is requested. ``terms`` are those of its search.

        Raises:
            BadRequest: the name or an option is invalid, or a job has no labels of a video, or none yet.
            NotFound: the owner has no such job, batch or collection, or a video was deleted and images are wanted.
        """
        name = request["name"].strip()
        if not name.isprintable() or not 1 <= len(name) <= MAX_DATASET_NAME:
            raise BadRequest(f"'name' must have 1 to {MAX_DATASET_NAME} printable characters, not {name!r:.120}")
        check_choice(request)
        try:
            definition = checked_definition(request["options"])
        except ValueError as error:
            raise BadRequest(f"Invalid options: {error}") from None
        analytic = self._analytics.resolve(owner, request["analytic"], None).name if "analytic" in request else None
        ids = self._job_ids(owner, request, analytic, terms)
        dataset_id = str(uuid4())
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"datasets of {owner.id}")
            self._check_count(connection, owner)
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

    def _job_ids(
        self, owner: User, request: DatasetRequest, analytic: str | None, terms: Sequence[Term] | None
    ) -> Sequence[str]:
        """Return the ids of the jobs that a request names, read before the write transaction: it may take long."""
        with self._database.read() as connection:
            if analytic is not None:
                data_ids: Sequence[str] | None = request.get("data")
                if "collection" in request:
                    data_ids = self._places.members(connection, owner, request["collection"])
                if terms is not None:
                    data_ids = self._places.found(connection, owner, terms, MAX_SEARCHED_VIDEOS + 1)
                    if len(data_ids) > MAX_SEARCHED_VIDEOS:
                        raise BadRequest(f"The search finds more than {MAX_SEARCHED_VIDEOS} files. Narrow it")
                return newest_jobs(connection, owner, analytic, data_ids)
            if "batch" in request:
                return self._places.results(connection, owner, request["batch"], request.get("parameter_set"))
        return request["jobs"]

    def all(self, owner: User) -> list[DatasetRecord]:
        """Return the datasets of the owner, the newest first."""
        chosen = select(datasets).where(datasets.c.owner_id == owner.id, _present_jobs() >= datasets.c.job_count)
        with self._database.read() as connection:
            rows = connection.execute(chosen.order_by(datasets.c.created_at.desc(), datasets.c.id)).all()
        return [_record(row) for row in rows]

    def export(self, owner: User) -> list[dict[str, object]]:
        """Return the datasets as `all`, each with the ids of its jobs."""
        member = dataset_jobs.c
        joined = select(member.dataset_id, member.job_id).join(datasets, datasets.c.id == member.dataset_id)
        members = joined.where(datasets.c.owner_id == owner.id).order_by(member.dataset_id, member.position)
        found: dict[str, list[str]] = {}
        with self._database.read() as connection:
            for row in connection.execute(members):
                found.setdefault(row.dataset_id, []).append(row.job_id)
        return [{**record, "job_ids": found.get(record["id"], [])} for record in self.all(owner)]

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
    return select(datasets.c.id).where(_present_jobs() < datasets.c.job_count)


def _present_jobs() -> ScalarSelect[int]:
    """Return the number of jobs of a dataset that are still there, for each row of a query of datasets."""
    joined = dataset_jobs.join(jobs, jobs.c.id == dataset_jobs.c.job_id)
    present = select(func.count()).select_from(joined)
    present = present.where(dataset_jobs.c.dataset_id == datasets.c.id, jobs.c.expired.is_(False))
    return present.correlate(datasets).scalar_subquery()


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
