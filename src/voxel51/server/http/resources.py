"""Resources: the paths of the API, and how the one of a request is found.

Starlette compares a path with one regular expression after another, which takes longer than a query of the database
where there are many routes. Here the paths are a tree of their segments, and the search goes down one of its branches.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from voxel51.server.http.endpoint import Dependencies, Endpoint
from voxel51.server.http.replies import FileReply
from voxel51.server.http.route import Route

_RESOURCE = "resource"


class Resource:
    """All methods of one path; any other method is answered with 405 and the allowed ones."""

    def __init__(self, routes: Iterable[Route], dependencies: Dependencies) -> None:
        self._endpoints: dict[str, Endpoint] = {}
        for route in routes:
            endpoint = self._endpoints[route.method] = Endpoint(route, dependencies)
            if route.answers is FileReply:
                self._endpoints["HEAD"] = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        endpoint = self._endpoints.get(scope["method"])
        if endpoint is None:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(self._endpoints))})
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


class ResourceTree(BaseRoute):
    """All resources, as one route of Starlette.

    A segment of a path matches a literal first and a placeholder second: `/data/list` wins over `/data/{data_id}`.
    """

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, path: str, resource: Resource) -> None:
        """Add the resource at ``path``, which has ``{placeholders}`` for whole segments."""
        node, names = self._root, []
        for segment in _segments(path):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.placeholder = node.placeholder or _Node()
                node = node.placeholder
            else:
                node = node.literals.setdefault(segment, _Node())
        node.found = _Found(resource, tuple(names))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether there is a resource at the path of the request, and what `handle` needs to know of it."""
        values: list[str] = []
        found = _find(self._root, _requested(scope), values)
        if scope["type"] != "http" or found is None:
            return Match.NONE, {}
        path_params = dict(zip(found.placeholders, values, strict=True))
        return Match.FULL, {_RESOURCE: found.resource, "path_params": path_params}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request to the resource that `matches` found."""
        await scope[_RESOURCE](scope, receive, send)


@dataclass(slots=True)
class _Found:
    """A resource, and the names of the placeholders in its path."""

    resource: Resource
    placeholders: tuple[str, ...]


@dataclass(slots=True)
class _Node:
    """The segments that may follow others in a path, and the resource whose path ends here."""

    literals: dict[str, "_Node"] = field(default_factory=dict)
    placeholder: "_Node | None" = None
    found: _Found | None = None


def _segments(path: str) -> list[str]:
    return path[1:].split("/")


def _requested(scope: Scope) -> list[str]:
    """Return the segments of the path of a request, decoded. An encoded slash is part of a name, as in `a%2Fb`."""
    raw = scope.get("raw_path") or b""
    if b"%2f" not in raw.lower():
        return _segments(scope["path"])
    return [unquote(segment) for segment in _segments(raw.decode("ascii"))]


def _find(node: _Node, segments: Sequence[str], values: list[str]) -> _Found | None:
    """Return what is at the path below ``node``; add the values of its placeholders to ``values``."""
    if not segments:
        return node.found
    literal = node.literals.get(segments[0])
    if literal is not None and (found := _find(literal, segments[1:], values)):
        return found
    if node.placeholder is None or not segments[0]:
        return None
    values.append(segments[0])
    if found := _find(node.placeholder, segments[1:], values):
        return found
    values.pop()
    return None
