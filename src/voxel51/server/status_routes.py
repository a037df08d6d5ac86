"""Status routes: what the platform is, and whether it and its services work."""

from collections.abc import Callable, Iterable

from voxel51.runners.sandbox.probe import SandboxReport
from voxel51.server.accounts.access import BY_APPLICATION, BY_USER
from voxel51.server.database.database import Database
from voxel51.server.http.access import ANYONE
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.wire.status import AboutPlatform, PlatformStatus, ServiceStatus, Statuses


def status_routes(
    database: Database,
    waiting_reason: Callable[[], str | None],
    sandbox: SandboxReport,
    containers_missing: Callable[[], str | None] | None,
) -> Iterable[Route]:
    """Return the routes of the platform's status.

    ``waiting_reason`` says why no job is started, or returns None; ``sandbox`` is what confines jobs.
    ``containers_missing`` says why no container is run, or returns None; None for a platform without an engine.
    """

    def status(_context: RequestContext[object]) -> PlatformStatus:
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")  # raises where the database is unreachable
        jobs = _jobs(waiting_reason(), sandbox)
        statuses: Statuses = {"platform": _operational("The platform responds"), "jobs": jobs}
        if containers_missing is not None:
            statuses["containers"] = _containers(containers_missing())
        return {"statuses": statuses}

    summary = "Get the status of the platform and its services"
    return [
        route("GET", "/status/all", status, summary, BY_USER, answers=PlatformStatus),
        route("GET", "/apps/status/all", status, summary, BY_APPLICATION, answers=PlatformStatus),
    ]


def platform_routes(about: AboutPlatform) -> Iterable[Route]:
    """Return the route that describes the platform to a page before its user has signed in."""

    def describe(_context: RequestContext[None]) -> AboutPlatform:
        return about

    return [
        route("GET", "/platform", describe, "Get the platform's version and limits", Policy(ANYONE),
              answers=AboutPlatform),
    ]  # fmt: skip


def _jobs(waiting_reason: str | None, sandbox: SandboxReport) -> ServiceStatus:
    if waiting_reason is None:
        return _operational(f"Jobs are being run in the sandbox '{sandbox.kind}'")
    return {"operational": False, "message": f"Queued jobs wait: {waiting_reason}"}


def _containers(missing: str | None) -> ServiceStatus:
    if missing is None:
        return _operational("Container images are being run")
    return {"operational": False, "message": f"Container images are not run: {missing}"}


def _operational(message: str) -> ServiceStatus:
    return {"operational": True, "message": message}
