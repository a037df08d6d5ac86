"""What is wrong with the platform, as far as it can tell while it runs."""

from collections.abc import Sequence

from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.database.database import Database
from voxel51.server.doctor import CheckResult, Verdict, check_analytics, examine_running
from voxel51.server.engine.dispatcher import Dispatcher
from voxel51.server.settings import Settings
from voxel51.wire.overview import Health, HealthCheck


class HealthService:
    """Asks what ``voxel51 server doctor`` asks, but for what takes long or changes something.

    ``installed`` is what was found when the platform started.
    """

    def __init__(
        self, settings: Settings, database: Database, dispatcher: Dispatcher, installed: Sequence[InstalledAnalytic]
    ) -> None:
        self._settings = settings
        self._database = database
        self._dispatcher = dispatcher
        self._installed = installed

    def health(self) -> Health:
        """All that was looked at, the fine ones too."""
        looks = {
            "database": self._look_at_database,
            "dispatcher": self._look_at_dispatcher,
            "analytics": lambda: check_analytics(self._installed),
        }
        return {"checks": [_to_wire(finding) for finding in examine_running(self._settings, looks)]}

    def _look_at_database(self) -> CheckResult:
        with self._database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
            return CheckResult("database", Verdict.OK, f"{connection.dialect.name} responds")

    def _look_at_dispatcher(self) -> CheckResult:
        if self._dispatcher.is_running():
            return CheckResult("dispatcher", Verdict.OK, "jobs are being started")
        return CheckResult(
            "dispatcher", Verdict.FAILURE, "no job is being started", "restart the platform; its log says why"
        )


def _to_wire(finding: CheckResult) -> HealthCheck:
    return {
        "name": finding.subject,
        "verdict": finding.verdict.value,
        "text": finding.text,
        "advice": finding.advice,
    }
