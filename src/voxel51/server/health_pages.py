"""Health pages for probes: ``/healthz`` (the process serves requests) and ``/readyz`` (it can do its work).

Probes send no credential, so the pages name what fails and not why. Operators read that in the console or by
``voxel51 server doctor``.
"""

import time
from collections.abc import Callable

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from voxel51.server.database.database import Database
from voxel51.server.engine.dispatchers import Dispatchers
from voxel51.server.errors import ServiceError

_KEPT_SECONDS = 1.0
"""Time for which a result is answered again: anybody may ask, at any rate."""

_NO_STORE = {"Cache-Control": "no-store"}


def health_pages(database: Database, dispatchers: Dispatchers) -> list[Route]:
    """Return both pages."""

    async def is_alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    return [
        Route("/healthz", is_alive),
        Route("/readyz", _Readiness(lambda: _failures(database, dispatchers)).respond),
    ]


class _Readiness:
    """The last result of the checks. One thread at a time checks, so that a database that hangs occupies only one."""

    def __init__(self, check: Callable[[], list[str]]) -> None:
        self._check = check
        self._one_at_a_time = CapacityLimiter(1)
        self._failing: list[str] = []
        self._valid_until = 0.0  # on the monotonic clock

    async def respond(self, _request: Request) -> Response:
        """Return 200 if everything works, otherwise 503 with what does not."""
        async with self._one_at_a_time:
            if time.monotonic() >= self._valid_until:
                self._failing = await to_thread.run_sync(self._check)
                self._valid_until = time.monotonic() + _KEPT_SECONDS
        failing = self._failing
        return JSONResponse({"ready": not failing, "failing": failing}, 503 if failing else 200, _NO_STORE)


def _failures(database: Database, dispatchers: Dispatchers) -> list[str]:
    """Return the parts of the platform that do not work."""
    failing = []
    try:
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
    except ServiceError:
        failing.append("database")
    if dispatchers.waiting_reason is not None:
        failing.append("dispatcher")
    return failing
