"""What the platform is, and whether it and its services work."""

from collections.abc import Callable, Iterable

from voxel51.server.database.database import Database
from voxel51.server.http.route import Call, Needs, Route
from voxel51.wire.status import AboutPlatform, PlatformStatus, ServiceStatus


def status_routes(database: Database, dispatching: Callable[[], bool]) -> Iterable[Route]:
    """The routes of the platform's status. ``dispatching`` says whether jobs are being started."""

    def statuses(_call: Call) -> PlatformStatus:
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
        jobs = _service(dispatching(), "Jobs are being run", "No dispatcher is running; queued jobs wait for one")
        return {"statuses": {"platform": _service(True, "The platform answers", ""), "jobs": jobs}}

    return [
        Route(
            "GET", f"{prefix}/status/all", statuses, "Whether the platform works", needs=needs, answers=PlatformStatus
        )
        for prefix, needs in (("", Needs.USER), ("/apps", Needs.APPLICATION))
    ]


def platform_routes(about: AboutPlatform) -> Iterable[Route]:
    """The route by which a page learns, before anybody signs in, what the platform is."""
    summary = "What this platform is, and what it takes"
    return [Route("GET", "/platform", lambda _: about, summary, needs=Needs.NOBODY, answers=AboutPlatform)]


def _service(operational: bool, good: str, bad: str) -> ServiceStatus:
    return {"operational": operational, "message": good if operational else bad}
