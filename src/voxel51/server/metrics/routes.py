"""Route of the metrics."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from voxel51.server.accounts.access import USER
from voxel51.server.accounts.callers import User
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import FileReply
from voxel51.server.http.route import Policy, Route, route
from voxel51.wire.accounts import Scope


def metrics_routes(registry: CollectorRegistry) -> Iterable[Route]:
    """Return the route that exposes all metrics of ``registry``."""

    def metrics(context: RequestContext[User]) -> Response:
        encode, media_type = choose_encoder(context.headers.get("accept", ""))
        return Response(encode(registry), media_type=media_type)

    by_monitor = Policy(USER, scope=Scope.MONITOR)
    return [route("GET", "/metrics", metrics, "Get metrics for Prometheus", by_monitor, answers=FileReply)]
