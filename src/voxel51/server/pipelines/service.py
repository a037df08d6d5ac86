"""Pipelines of users: save, list, show, share and delete them. Each change of a document is a new version."""

import uuid
from collections.abc import Sequence

from sqlalchemy import Connection, and_, delete, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.pipeline_tables import pipeline_runs
from voxel51.server.pipelines.access import (
    SHARES,
    SUMMARY,
    accessible,
    document_for_run,
    find_own,
    find_version,
    lock_pipeline,
    version_columns,
)
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
    PipelineShare,
    PipelineVersion,
    PipelineWithDocument,
)


class PipelineService:
    """Pipelines. Every method sees those that the user owns, or that are shared with the user."""

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
            return _with_document(find_version(connection, owner, pipeline_id, None), owner)

    def all(self, user: User) -> list[Pipeline]:
        """Return the user's pipelines and those shared with the user, by name; of the same name, the own one first."""
        is_latest = and_(
            version_columns.pipeline_id == pipelines.c.id, version_columns.version == pipelines.c.latest_version
        )
        chosen = accessible(user).add_columns(*SUMMARY).join(pipeline_versions, is_latest)
        with self._database.read() as connection:
            found = [_record(row, user) for row in connection.execute(chosen)]
        return sorted(found, key=lambda each: (each["name"].lower(), each["name"], not each["is_own"], each["owner"]))

    def details(self, user: User, pipeline_id: str, version: int | None) -> PipelineWithDocument:
        """Return a version of a pipeline with its document; the latest if ``version`` is None.

        Raises:
            NotFound: the user may read no such pipeline, or it has no such version.
        """
        with self._database.read() as connection:
            return _with_document(find_version(connection, user, pipeline_id, version), user)

    def versions(self, user: User, pipeline_id: str) -> list[PipelineVersion]:
        """Return the kept versions of a pipeline, the newest first.

        Raises:
            NotFound: the user may read no such pipeline.
        """
        of_pipeline = select(*SUMMARY).where(version_columns.pipeline_id == pipeline_id)
        with self._database.read() as connection:
            find_version(connection, user, pipeline_id, None)
            rows: Sequence[DatabaseRow] = connection.execute(of_pipeline.order_by(version_columns.version.desc())).all()
        return [
            {"version": row.version, "created_date": dates.to_text(row.version_at), "steps": row.step_count}
            for row in rows
        ]

    def delete(self, owner: User, pipeline_id: str) -> None:
        """Delete a pipeline with all its versions. Its runs, and their jobs, stay, also those of other users.

        Raises:
            NotFound, Forbidden: the user does not own such a pipeline.
        """
        with self._database.write(frees_space=True) as connection:
            find_own(connection, owner, pipeline_id)
            _delete(connection, [pipeline_id])

    def delete_all(self, owner: User) -> bool:
        """Delete all pipelines of a user; return True. Runs of other users stay."""
        with self._database.write(frees_space=True) as connection:
            own = select(pipelines.c.id).where(pipelines.c.owner_id == owner.id)
            _delete(connection, connection.execute(own).scalars().all())
        return True

    def shares(self, user: User, pipeline_id: str) -> list[PipelineShare]:
        """Return the users with whom a pipeline is shared.

        Raises:
            NotFound: the user may read no such pipeline.
        """
        with self._database.read() as connection:
            find_version(connection, user, pipeline_id, None)
            return _shares(connection, pipeline_id)

    def share(self, owner: User, pipeline_id: str, username: str) -> None:
        """Let another user read a pipeline and run it.

        Raises:
            NotFound, Forbidden: the user does not own such a pipeline.
            BadRequest: the other user is unknown, or the pipeline has too many shares.
        """
        with self._database.write() as connection:
            find_own(connection, owner, pipeline_id)
            lock_pipeline(connection, owner, pipeline_id)
            SHARES.put(connection, owner, pipeline_id, username)

    def unshare(self, user: User, pipeline_id: str, username: str) -> None:
        """End a share. The owner can end all of them; others can leave a pipeline themselves. Runs go on.

        Raises:
            NotFound: the user may read no such pipeline, or it is not shared with the other user.
            Forbidden: the share is of another user.
        """
        with self._database.write() as connection:
            if username == user.name:
                find_version(connection, user, pipeline_id, None)
            else:
                find_own(connection, user, pipeline_id)
            SHARES.end(connection, user, pipeline_id, username)

    def export(self, user: User) -> list[dict[str, object]]:
        """Return the user's pipelines with their latest documents and shares, and those shared with the user."""
        return [self._exported(user, each) if each["is_own"] else {**each} for each in self.all(user)]

    def _exported(self, owner: User, pipeline: Pipeline) -> dict[str, object]:
        return {
            **self.details(owner, pipeline["id"], None),
            "shares": self.shares(owner, pipeline["id"]),
        }

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
    is_old = and_(version_columns.pipeline_id == pipeline_id, version_columns.version <= version - KEPT_VERSIONS)
    connection.execute(delete(pipeline_versions).where(is_old))


def _delete(connection: Connection, pipeline_ids: Sequence[str]) -> None:
    connection.execute(delete(pipelines).where(pipelines.c.id.in_(pipeline_ids)))
    of_pipelines = pipeline_runs.c.pipeline_id.in_(pipeline_ids)
    connection.execute(update(pipeline_runs).where(of_pipelines).values(pipeline_id=None))


def _shares(connection: Connection, pipeline_id: str) -> list[PipelineShare]:
    return [{"username": row.username} for row in SHARES.of(connection, pipeline_id)]


def _record(row: DatabaseRow, user: User) -> Pipeline:
    return {
        "id": row.id,
        "name": row.name,
        "owner": row.owner,
        "is_own": row.owner_id == user.id,
        "version": row.version,
        "latest_version": row.latest_version,
        "description": row.description,
        "steps": row.step_count,
        "created_date": dates.to_text(row.created_at),
        "version_date": dates.to_text(row.version_at),
    }


def _with_document(row: DatabaseRow, user: User) -> PipelineWithDocument:
    """Return the record of a row of `find_version`; for users other than its owner, analytics have their owners."""
    return {**_record(row, user), "document": row.document if row.owner_id == user.id else document_for_run(row)}
