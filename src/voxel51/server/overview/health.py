"""Health checks: what is wrong with the platform, as far as it can tell while it runs."""

from collections.abc import Callable

from voxel51.runners.sandbox.probe import SandboxReport
from voxel51.server.analytics.installed import Installation
from voxel51.server.database.database import Database
from voxel51.server.database.expiry_clock import ExpiryClock
from voxel51.server.doctor import (
    Check,
    CheckResult,
    Verdict,
    check_analytics,
    check_bundles,
    check_isolation,
    examine_running,
)
from voxel51.server.engine.dispatchers import Dispatchers
from voxel51.server.settings import Settings
from voxel51.wire.overview import Health, HealthCheck


class HealthService:
    """Health checks of a running platform: those of ``voxel51 server doctor`` that are quick and change nothing.

    ``installed`` returns the analytics that were found when the platform started or reloaded its packages.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        dispatchers: Dispatchers,
        installed: Callable[[], Installation],
        expiry_clock: ExpiryClock,
        sandbox: SandboxReport,
        job_limits: Callable[[], str],
        containers: Check,
    ) -> None:
        self._sandbox = sandbox
        self._job_limits = job_limits
        self._containers = containers
        self._settings = settings
        self._database = database
        self._dispatchers = dispatchers
        self._installed = installed
        self._expiry_clock = expiry_clock

    def health(self) -> Health:
        """Return the results of all checks, including those that passed."""
        checks = {
            "database": self._check_database,
            "dispatcher": self._check_dispatcher,
            "clock": self._check_clock,
            "analytics": lambda: check_analytics(self._installed()),
            "job limits": lambda: CheckResult("job limits", Verdict.OK, self._job_limits()),
            "isolation": lambda: check_isolation(self._sandbox, self._settings.sandbox_minimum),
            "bundles": lambda: check_bundles(self._settings, self._sandbox),
            "containers": self._containers,
        }
        return {"checks": [_to_wire(finding) for finding in examine_running(self._settings, checks)]}

    def _check_database(self) -> CheckResult:
        with self._database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
            return CheckResult("database", Verdict.OK, f"{connection.dialect.name} responds")

    def _check_clock(self) -> CheckResult:
        problem = self._expiry_clock.problem
        if problem is None:
            return CheckResult("clock", Verdict.OK, "expired data and outputs are being deleted")
        return CheckResult("clock", Verdict.WARNING, problem)

    def _check_dispatcher(self) -> CheckResult:
        reason = self._dispatchers.waiting_reason
        if reason is None:
            return CheckResult("dispatcher", Verdict.OK, "jobs are being started")
        if self._dispatchers.is_running():
            advice = "remove the cause; the jobs then start by themselves"
            return CheckResult("dispatcher", Verdict.FAILURE, f"queued jobs wait: {reason}", advice)
        return CheckResult(
            "dispatcher", Verdict.FAILURE, "jobs are not being started", "restart the platform; its log says why"
        )


def _to_wire(finding: CheckResult) -> HealthCheck:
    return {
        "name": finding.subject,
        "verdict": finding.verdict.value,
        "text": finding.text,
        "advice": finding.advice,
    }
