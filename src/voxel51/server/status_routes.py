"""Status routes: what the platform is, and whether it and its services work."""

from collections.abc import Callable, Iterable

from voxel51.server.accounts.access import BY_APPLICATION, BY_USER
from voxel51.server.database.database import Database
from voxel51.server.http.access import ANYONE
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.wire.status import AboutPlatform, PlatformStatus, ServiceStatus


def status_routes(database: Database, is_dispatching: Callable[[], bool]) -> Iterable[Route]:
    """Return the routes of the platform's status. ``is_dispatching`` says whether jobs are being started."""

    def status(_context: RequestContext[object]) -> PlatformStatus:
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")  # raises where the database is unreachable
        jobs = _service(is_dispatching(), "Jobs are being run", "No dispatcher is running; queued jobs wait for one")
        return {"statuses": {"platform": _service(True, "The platform responds", ""), "jobs": jobs}}

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


def _service(operational: bool, good: str, bad: str) -> ServiceStatus:
    return {"operational": operational, "message": good if operational else bad}
