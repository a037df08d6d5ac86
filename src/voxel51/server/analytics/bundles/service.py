"""Bundles: deploy the source of an analytic, and show how far its build is."""

import uuid
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts.callers import Application, Caller
from voxel51.server.analytics.availability import analytic_rows
from voxel51.server.analytics.builds import BundleRow, build_of, find_bundle
from voxel51.server.analytics.bundles.build_log import BuildLogs, read_stored
from voxel51.server.analytics.bundles.reception import ReceivedBundle
from voxel51.server.analytics.ownership import find_own
from voxel51.server.analytics.service import record_of
from voxel51.server.analytics.tables import analytics, bundles
from voxel51.server.analytics.versions import version_order
from voxel51.server.database.database import Database
from voxel51.server.errors import Conflict, DatabaseAway, Lost, NotFound, OverQuota
from voxel51.server.storage.storage import Storage
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticDocument, AnalyticRecord, AnalyticScope, AnalyticType
from voxel51.wire.bundles import Build, BuildLogPart, BuildState

CheckSpace = Callable[[Connection, Caller, int], None]
"""Raises `OverQuota` unless a caller may store so many bytes more."""


class BundleService:
    """Bundles of users and applications.

    Args:
        database: has the records.
        storage: has the archives.
        logs: the logs of the builds that run.
        most_per_owner: number of bundles that an owner may have.
        check_space: the storage quota.
        wake: is called when a build is queued.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        logs: BuildLogs,
        most_per_owner: int,
        check_space: CheckSpace,
        wake: Callable[[], object],
    ) -> None:
        self._database = database
        self._storage = storage
        self._logs = logs
        self._most_per_owner = most_per_owner
        self._check_space = check_space
        self._wake = wake

    def deploy(self, owner: Caller, received: ReceivedBundle) -> AnalyticRecord:
        """Queue the build of a bundle, and return the record of its analytic, which is pending until it is built.

        A version whose build has not succeeded is replaced. One that is ready stays as it is: if the content is the
        same, its record is returned.

        Raises:
            Conflict: the version exists, with other content.
            OverQuota: the owner has too many bundles or bytes.
        """
        archive = received.archive
        try:
            with self._database.write() as connection:
                row = _find_version(connection, owner, received)
                if row is not None and row.content_sha256 == received.content_sha256:
                    analytic_id = self._keep(connection, row)
                else:
                    self._check(connection, owner, received, row)
                    archive.commit()
                    analytic_id = self._store(connection, owner, received, row)
                return self._record(connection, analytic_id)
        except IntegrityError:  # the version was deployed twice at the same time
            self._storage.delete(archive.key)
            raise Conflict(f"Version {received.heading.version!r} was deployed a moment ago. Try again") from None
        except DatabaseAway:
            raise  # the record may name the file
        except BaseException:
            self._storage.delete(archive.key)
            raise
        finally:
            archive.abort()  # without effect once it is committed

    def build(self, owner: Caller, analytic_id: str) -> Build:
        """Return the build of a bundle that the caller owns.

        Raises:
            NotFound: the analytic does not exist, the owner cannot see it, or it is not a bundle.
            Forbidden: it belongs to another owner.
        """
        with self._database.read() as connection:
            find_own(connection, owner, analytic_id)
            return build_of(_find_bundle(connection, analytic_id))

    def log(self, owner: Caller, analytic_id: str, offset: int) -> BuildLogPart:
        """Return the log of the build of a bundle that the caller owns, from a byte offset on. A build adds to it.

        Raises:
            NotFound: the analytic does not exist, the owner cannot see it, or it is not a bundle.
            Forbidden: it belongs to another owner.
        """
        with self._database.read() as connection:
            find_own(connection, owner, analytic_id)
            row = _find_bundle(connection, analytic_id)
        is_complete = row.state in {BuildState.READY, BuildState.FAILED}
        if not is_complete:
            part = self._logs.read(analytic_id, offset)
            return part or {"text": "", "next_offset": offset, "is_complete": False}
        try:
            return read_stored(self._storage, row.log_key, offset)
        except FileNotFoundError:
            raise Lost("The build log was lost by the platform's storage; deploy the bundle again") from None

    def _keep(self, connection: Connection, row: BundleRow) -> str:
        """Return the id of a version that has the deployed content; build it again if that failed."""
        if row.state == BuildState.FAILED:
            connection.execute(update(bundles).where(bundles.c.analytic_id == row.id).values(**_queued()))
            self._database.after_commit(self._wake)
        return str(row.id)

    def _check(self, connection: Connection, owner: Caller, received: ReceivedBundle, row: BundleRow | None) -> None:
        if row is not None and row.state in {None, BuildState.READY}:
            raise Conflict(
                f"Version {row.version!r} of '{row.name}' exists already with other content. Increase the version in "
                "its code, such as @analytic(version='1.0.1'), or delete the existing one"
            )
        self._check_space(connection, owner, received.archive.size_bytes)
        of_owner = select(func.count()).select_from(bundles).where(bundles.c.owner == owner.identity)
        if row is None and connection.execute(of_owner).scalar_one() >= self._most_per_owner:
            raise OverQuota(f"You have {self._most_per_owner} bundles, the most that one owner may have. Delete some")

    def _store(self, connection: Connection, owner: Caller, received: ReceivedBundle, row: BundleRow | None) -> str:
        archive = received.archive
        values = {
            "storage_key": archive.key,
            "size_bytes": archive.size_bytes,
            "sha256": archive.sha256,
            "content_sha256": received.content_sha256,
            **_queued(),
        }
        self._database.after_commit(self._wake)
        if row is not None:
            connection.execute(update(bundles).where(bundles.c.analytic_id == row.id).values(**values))
            self._database.after_commit(partial(self._storage.delete, row.storage_key))
            return str(row.id)
        analytic_id = str(uuid.uuid4())
        connection.execute(insert(analytics).values(id=analytic_id, **_pending_analytic(owner, received)))
        connection.execute(insert(bundles).values(analytic_id=analytic_id, owner=owner.identity, **values))
        return analytic_id

    def _record(self, connection: Connection, analytic_id: str) -> AnalyticRecord:
        record = record_of(connection.execute(analytic_rows.where(analytics.c.id == analytic_id)).one())
        record["build"] = build_of(_find_bundle(connection, analytic_id))
        return record


def _find_bundle(connection: Connection, analytic_id: str) -> BundleRow:
    row = find_bundle(connection, analytic_id)
    if row is None:
        raise NotFound(f"Analytic '{analytic_id}' is not a bundle, so it has no build")
    return row


def _find_version(connection: Connection, owner: Caller, received: ReceivedBundle) -> BundleRow | None:
    """Return the analytic with the name and version of a bundle, with its bundle if it has one; locked."""
    heading = received.heading
    named = (analytics.c.owner == owner.identity) & (analytics.c.name == f"{owner.name}/{heading.name}")
    columns = (bundles.c.state, bundles.c.content_sha256, bundles.c.storage_key)
    statement = (
        select(analytics.c.id, analytics.c.name, analytics.c.version, *columns)
        .outerjoin(bundles, bundles.c.analytic_id == analytics.c.id)
        .where(named, analytics.c.version == heading.version)
    )
    row: BundleRow | None = connection.execute(statement.with_for_update(of=analytics)).first()
    return row


def _queued() -> dict[str, object]:
    """Return the values of a bundle whose build has not begun."""
    emptied = dict.fromkeys(("error", "module", "lock", "started_at", "ended_at"))
    return {"state": BuildState.QUEUED.value, "queued_at": dates.now(), **emptied}


def _pending_analytic(owner: Caller, received: ReceivedBundle) -> dict[str, object]:
    """Return the values of an analytic whose manifest is not known yet, apart from its heading."""
    heading = received.heading
    info = {"description": "", "supports_cpu": True, "supports_gpu": False}
    document = {"info": {"name": heading.name, "version": heading.version, **info}, "zip_outputs": False}
    provisional: AnalyticDocument = {**document, "inputs": [], "parameters": [], "outputs": []}  # type: ignore[typeddict-item]
    return {
        **info,
        "owner": owner.identity,
        "name": f"{owner.name}/{heading.name}",
        "version": heading.version,
        "version_order": version_order(heading.version),
        "latest": False,
        "scope": (AnalyticScope.APPLICATION if isinstance(owner, Application) else AnalyticScope.USER).value,
        "analytic_type": AnalyticType.PLATFORM.value,
        "pending": True,
        "upload_date": dates.now(),
        "document": provisional,
    }
