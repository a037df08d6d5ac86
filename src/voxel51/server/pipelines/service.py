"""Pipelines of users: save, list, show and delete pipelines. Each change of a document is a new version."""

import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, and_, delete, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.pipeline_tables import pipeline_runs
from voxel51.server.pipelines.checks import PipelineChecker
from voxel51.server.pipelines.documents import read_document
from voxel51.server.pipelines.tables import pipeline_versions, pipelines
from voxel51.wire import dates
from voxel51.wire.documents import JsonObject
from voxel51.wire.pipelines import (
    KEPT_VERSIONS,
    MAX_PIPELINES,
    Pipeline,
    PipelineDocument,
    PipelineVersion,
    PipelineWithDocument,
)

_version = pipeline_versions.c
_SUMMARY = (_version.version, _version.description, _version.step_count, _version.created_at.label("version_at"))


class PipelineService:
    """Pipelines. Every method sees only those of the given owner."""

    def __init__(self, database: Database, checker: PipelineChecker) -> None:
        self._database = database
        self._checker = checker

    def save(self, owner: User, given: JsonObject) -> PipelineWithDocument:
        """Store a document: as a new pipeline, or as a new version of the owner's pipeline of the same name.

        A document that is equal to the latest version changes nothing.

        Raises:
            BadRequest: the document is invalid, its steps cannot run, or the owner has too many pipelines.
        """
        document = read_document(given)
        self._checker.check(owner, document)
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"pipelines of {owner.id}")
            of_owner = pipelines.c.owner_id == owner.id
            named = select(pipelines.c.id).where(of_owner, pipelines.c.name == document["name"])
            pipeline_id: str | None = connection.execute(named).scalar()
            if pipeline_id is None:
                pipeline_id = self._create(connection, owner, document)
            else:
                latest = find_version(connection, owner, pipeline_id, None)
                if latest.document != document:
                    _add_version(connection, pipeline_id, latest.latest_version + 1, document)
            return _with_document(find_version(connection, owner, pipeline_id, None))

    def all(self, owner: User) -> list[Pipeline]:
        """Return the pipelines of the owner, in the order of their names."""
        is_latest = and_(_version.pipeline_id == pipelines.c.id, _version.version == pipelines.c.latest_version)
        chosen = select(pipelines, *_SUMMARY).join(pipeline_versions, is_latest)
        of_owner = chosen.where(pipelines.c.owner_id == owner.id).order_by(pipelines.c.name)
        with self._database.read() as connection:
            return [_record(row) for row in connection.execute(of_owner)]

    def details(self, owner: User, pipeline_id: str, version: int | None) -> PipelineWithDocument:
        """Return a version of a pipeline with its document; the latest if ``version`` is None.

        Raises:
            NotFound: the owner has no such pipeline, or it has no such version.
        """
        with self._database.read() as connection:
            return _with_document(find_version(connection, owner, pipeline_id, version))

    def versions(self, owner: User, pipeline_id: str) -> list[PipelineVersion]:
        """Return the kept versions of a pipeline, the newest first.

        Raises:
            NotFound: the owner has no such pipeline.
        """
        chosen = select(*_SUMMARY).where(_version.pipeline_id == pipeline_id).order_by(_version.version.desc())
        with self._database.read() as connection:
            find_version(connection, owner, pipeline_id, None)
            rows: Sequence[DatabaseRow] = connection.execute(chosen).all()
        return [
            {"version": row.version, "created_date": dates.to_text(row.version_at), "steps": row.step_count}
            for row in rows
        ]

    def delete(self, owner: User, pipeline_id: str) -> None:
        """Delete a pipeline with all its versions. Its runs, and their jobs, stay.

        Raises:
            NotFound: the owner has no such pipeline.
        """
        of_owner = (pipelines.c.id == pipeline_id) & (pipelines.c.owner_id == owner.id)
        with self._database.write(frees_space=True) as connection:
            if connection.execute(delete(pipelines).where(of_owner)).rowcount == 0:
                raise pipeline_not_found(pipeline_id)
            runs = (pipeline_runs.c.pipeline_id == pipeline_id) & (pipeline_runs.c.owner_id == owner.id)
            connection.execute(update(pipeline_runs).where(runs).values(pipeline_id=None))

    def export(self, owner: User) -> list[PipelineWithDocument]:
        """Return the pipelines of the owner, each with the document of its latest version."""
        return [self.details(owner, each["id"], None) for each in self.all(owner)]

    def _create(self, connection: Connection, owner: User, document: PipelineDocument) -> str:
        ids = connection.execute(select(pipelines.c.id).where(pipelines.c.owner_id == owner.id)).all()
        if len(ids) >= MAX_PIPELINES:
            raise BadRequest(f"You have {MAX_PIPELINES} pipelines, which is the limit. Delete one")
        row = {
            "id": str(uuid.uuid4()),
            "owner_id": owner.id,
            "name": document["name"],
            "latest_version": 1,
            "created_at": dates.now(),
        }
        connection.execute(insert(pipelines).values(row))
        _add_version(connection, str(row["id"]), 1, document)
        return str(row["id"])


def find_version(connection: Connection, owner: User, pipeline_id: str, version: int | None) -> DatabaseRow:
    """Return a pipeline of the owner and the document of a version, the latest if ``version`` is None.

    Raises:
        NotFound: the owner has no such pipeline, or it has no such version.
    """
    wanted = pipelines.c.latest_version if version is None else version
    is_wanted = and_(_version.pipeline_id == pipelines.c.id, _version.version == wanted)
    chosen = select(pipelines, *_SUMMARY, _version.document).outerjoin(pipeline_versions, is_wanted)
    row = connection.execute(chosen.where(pipelines.c.id == pipeline_id, pipelines.c.owner_id == owner.id)).first()
    if row is None:
        raise pipeline_not_found(pipeline_id)
    if row.version is None:
        raise NotFound(
            f"Pipeline '{pipeline_id}' has no version {version}; the latest is {row.latest_version}, and the newest "
            f"{KEPT_VERSIONS} are kept"
        )
    return row


def lock_pipeline(connection: Connection, pipeline_id: str) -> None:
    """Keep a pipeline, which `find_version` has found, from being deleted before the transaction ends.

    Raises:
        NotFound: it was deleted.
    """
    chosen = select(pipelines.c.id).where(pipelines.c.id == pipeline_id)
    if connection.execute(chosen.with_for_update(read=True)).first() is None:
        raise pipeline_not_found(pipeline_id)


def pipeline_not_found(pipeline_id: str) -> NotFound:
    """Return the error about a pipeline that the caller does not have."""
    return NotFound(f"Pipeline '{pipeline_id}' not found; it may belong to another user. List your pipelines")


def _add_version(connection: Connection, pipeline_id: str, version: int, document: PipelineDocument) -> None:
    row = {
        "pipeline_id": pipeline_id,
        "version": version,
        "description": document.get("description", ""),
        "step_count": len(document["steps"]),
        "document": document,
        "created_at": dates.now(),
    }
    connection.execute(insert(pipeline_versions).values(row))
    connection.execute(update(pipelines).where(pipelines.c.id == pipeline_id).values(latest_version=version))
    is_old = (_version.pipeline_id == pipeline_id) & (_version.version <= version - KEPT_VERSIONS)
    connection.execute(delete(pipeline_versions).where(is_old))


def _record(row: DatabaseRow) -> Pipeline:
    return {
        "id": row.id,
        "name": row.name,
        "version": row.version,
        "latest_version": row.latest_version,
        "description": row.description,
        "steps": row.step_count,
        "created_date": dates.to_text(row.created_at),
        "version_date": dates.to_text(row.version_at),
    }


def _with_document(row: DatabaseRow) -> PipelineWithDocument:
    return {**_record(row), "document": row.document}
