"""Build queue: claim queued builds, fairly between owners, and record how they ended.

All state is in the database, so the process may die at any moment. A build whose bundle was deleted or replaced
meanwhile has no effect.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, exists, func, select, update

from voxel51.server.analytics.availability import analytic_rows
from voxel51.server.analytics.network.hosts import record_hosts
from voxel51.server.analytics.tables import analytics, bundles
from voxel51.server.analytics.versions import make_available
from voxel51.server.database.database import Database
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.bundles import BuildFailure, BuildState


@dataclass(frozen=True, slots=True)
class ClaimedBuild:
    """Build that a builder has begun. ``name`` has the name of the owner in it.

    ``waits_since`` is when the package index first failed to serve it; None if it has not failed.
    """

    analytic_id: str
    owner: str
    storage_key: str
    name: str
    version: str
    waits_since: datetime | None = None


class BuildQueue:
    """Builds in the database. Safe from any thread."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    def requeue_interrupted(self, running: Collection[str]) -> None:
        """Queue again what is marked as being built and is not ``running``: an earlier process began it."""
        interrupted = (bundles.c.state == BuildState.BUILDING.value) & bundles.c.analytic_id.not_in(running)
        with self._database.read() as connection:
            if connection.execute(select(bundles.c.analytic_id).where(interrupted)).first() is None:
                return
        with self._database.write() as connection:
            connection.execute(update(bundles).where(interrupted).values(state=BuildState.QUEUED.value))

    def claim(self, busy_owners: Collection[str] = ()) -> ClaimedBuild | None:
        """Begin the next build: of the owner whose last build began the longest ago, the one that waits longest.

        An owner has one build at a time, so that slow ones do not hold up the bundles of others. ``busy_owners`` have
        one that is still going on, although its bundle may have been deleted or replaced meanwhile.
        """
        served = bundles.alias("served")
        last = select(func.max(served.c.started_at)).where(served.c.owner == bundles.c.owner).scalar_subquery()
        is_building = served.c.state == BuildState.BUILDING.value
        busy = exists().where(served.c.owner == bundles.c.owner, is_building)
        columns = (
            bundles.c.analytic_id, bundles.c.owner, bundles.c.storage_key, analytics.c.name, analytics.c.version,
            bundles.c.error,
        )  # fmt: skip
        queued = (
            select(*columns)
            .join(analytics, analytics.c.id == bundles.c.analytic_id)
            .where(bundles.c.state == BuildState.QUEUED.value, bundles.c.queued_at <= dates.now(), ~busy)
            .where(bundles.c.owner.not_in(busy_owners))
            .order_by(last.asc().nulls_first(), bundles.c.queued_at)
            .limit(1)
        )
        with self._database.write() as connection:
            row = connection.execute(queued).first()
            if row is None:
                return None
            named = row.analytic_id, row.owner, row.storage_key, row.name, row.version
            build = ClaimedBuild(*named, _waits_since(row.error))
            begun = {"state": BuildState.BUILDING.value, "started_at": dates.now()}
            is_claimed = self._update(connection, build, BuildState.QUEUED, begun)
            return build if is_claimed else None

    def is_current(self, build: ClaimedBuild) -> bool:
        """Return whether the bundle still waits for this build: it was neither deleted nor replaced."""
        chosen = select(bundles.c.state).filter_by(analytic_id=build.analytic_id, storage_key=build.storage_key)
        with self._database.read() as connection:
            return bool(connection.execute(chosen).scalar() == BuildState.BUILDING.value)

    def release(
        self,
        build: ClaimedBuild,
        reason: str | None = None,
        pause: timedelta = timedelta(),
        waits_since: datetime | None = None,
    ) -> None:
        """Queue a build again that could not be done now for this ``reason``. It is claimed after ``pause``."""
        error: BuildFailure | None = None if reason is None else {"message": reason}
        if error is not None and waits_since is not None:
            error["waits_since"] = dates.to_text(waits_since)
        values = {"state": BuildState.QUEUED.value, "error": error, "queued_at": dates.now() + pause}
        with self._database.write() as connection:
            self._update(connection, build, BuildState.BUILDING, values)

    def complete(self, build: ClaimedBuild, module: str, lock: str, document: AnalyticDocument, log: Writer) -> bool:
        """Let jobs run the analytic; return False if the build had become obsolete."""
        info = document["info"]
        described = {name: info[name] for name in ("description", "supports_cpu", "supports_gpu")}
        with self._database.write() as connection:
            built = {"state": BuildState.READY.value, "module": module, "lock": lock, "error": None}
            if not self._end(connection, build, built, log):
                return False
            of_id = analytics.c.id == build.analytic_id
            connection.execute(update(analytics).where(of_id).values(document=document, **described))
            record_hosts(connection, build.analytic_id, document)
            make_available(connection, connection.execute(analytic_rows.where(of_id)).one())
            return True

    def fail(self, build: ClaimedBuild, failure: BuildFailure, log: Writer) -> bool:
        """Record why the build failed; return False if the build had become obsolete."""
        with self._database.write() as connection:
            return self._end(connection, build, {"state": BuildState.FAILED.value, "error": failure}, log)

    def _end(self, connection: Connection, build: ClaimedBuild, values: Mapping[str, object], log: Writer) -> bool:
        earlier = select(bundles.c.log_key).where(bundles.c.analytic_id == build.analytic_id)
        earlier_key = connection.execute(earlier).scalar()
        logged = {"log_key": log.key, "log_bytes": log.size_bytes, "log_sha256": log.sha256}
        if not self._update(connection, build, BuildState.BUILDING, {**values, **logged, "ended_at": dates.now()}):
            return False
        if earlier_key is not None:
            self._database.after_commit(partial(self._storage.delete, earlier_key))
        return True

    @staticmethod
    def _update(connection: Connection, build: ClaimedBuild, state: BuildState, values: Mapping[str, object]) -> bool:
        """Change the bundle of a build that is in this state and not obsolete; return whether it is."""
        of_build = (bundles.c.analytic_id == build.analytic_id) & (bundles.c.storage_key == build.storage_key)
        statement = update(bundles).where(of_build, bundles.c.state == state.value).values(**values)
        return connection.execute(statement).rowcount == 1


def _waits_since(error: BuildFailure | None) -> datetime | None:
    """Return since when a build waits, which `BuildQueue.release` put into its ``error``."""
    return None if error is None or "waits_since" not in error else dates.from_text(error["waits_since"])
