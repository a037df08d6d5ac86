"""Status of the platform: its version and limits, and whether it and its services work."""

from collections.abc import Callable, Iterable

from voxel51.server.database.database import Database
from voxel51.server.http.route import Call, Needs, Route
from voxel51.wire.status import AboutPlatform, PlatformStatus, ServiceStatus


def status_routes(database: Database, dispatching: Callable[[], bool]) -> Iterable[Route]:
    """Return the routes of the platform's status. ``dispatching`` returns whether jobs are being started."""

    def statuses(_call: Call) -> PlatformStatus:
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
        jobs = _service(dispatching(), "Jobs are being run", "No dispatcher is running; queued jobs wait for one")
        return {"statuses": {"platform": _service(True, "The platform responds", ""), "jobs": jobs}}

    return [
        Route(
            "GET",
            f"{prefix}/status/all",
            statuses,
            "Status of the platform and its services",
            needs=needs,
            answers=PlatformStatus,
        )
        for prefix, needs in (("", Needs.USER), ("/apps", Needs.APPLICATION))
    ]


def platform_routes(about: AboutPlatform) -> Iterable[Route]:
    """Return the route that describes the platform to pages and clients before sign-in."""
    summary = "Version and limits of this platform"
    return [Route("GET", "/platform", lambda _: about, summary, needs=Needs.NOBODY, answers=AboutPlatform)]


def _service(operational: bool, good: str, bad: str) -> ServiceStatus:
    return {"operational": operational, "message": good if operational else bad}
