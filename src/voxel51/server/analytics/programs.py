"""Programs of analytics: what a runner starts for a version in the catalogue."""

from sqlalchemy import select

from voxel51.runners.programs import PackageProgram, Program
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.database import Database
from voxel51.server.errors import Unavailable


class ProgramService:
    """Programs by id of the analytic version."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Versions never change, so each is read once. Programs with links, which expire, must not be kept here.
        self._packages: dict[str, PackageProgram] = {}

    def of(self, analytic_id: str) -> Program:
        """Return the program of a version.

        Raises:
            Unavailable: the version has none that this platform can start.
        """
        if analytic_id not in self._packages:
            self._packages[analytic_id] = self._package(analytic_id)
        return self._packages[analytic_id]

    def _package(self, analytic_id: str) -> PackageProgram:
        with self._database.read() as connection:
            row = connection.execute(select(analytics.c.name, analytics.c.entry_point).filter_by(id=analytic_id)).one()
        if row.entry_point is None:
            raise Unavailable(f"The platform cannot run the analytic '{row.name}': it is a container image.")
        return PackageProgram(row.entry_point)
