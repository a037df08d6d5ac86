"""Rendition routes: get thumbnails, clips, overlays and other formats of data and jobs, made when first requested."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count

from voxel51.server.accounts.access import BY_USER, USER
from voxel51.server.accounts.callers import User
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest
from voxel51.server.http.access import ANYONE
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import FileReply, JsonReply
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.jobs.routes import OutputFormats
from voxel51.server.jobs.shares import ShareService
from voxel51.server.parameters import QueryParameter
from voxel51.server.renditions.label_sql import LabelSqlService
from voxel51.server.renditions.service import RenditionService
from voxel51.server.renditions.sources import RenditionSource
from voxel51.server.renditions.specs import (
    DATA_RENDITIONS,
    DATASET_RENDITIONS,
    JOB_RENDITIONS,
    SQL_RENDITION,
    RenditionSpec,
)
from voxel51.wire.renditions import PendingRendition, RenditionList

MAX_WAIT_SECONDS = 20.0
_POLL_SECONDS = 0.03
WAIT = QueryParameter(
    "seconds to wait for a rendition that must be made first",
    {"type": "number", "minimum": 0, "maximum": MAX_WAIT_SECONDS, "default": 0},
)
_RETRY_AFTER = {"Retry-After": "1"}
PENDING = {202: PendingRendition}
SHARED_RENDITIONS = ("annotated", "sheet")
"""Renditions for holders of a share link. They have no parameters, so a link can cause two internal jobs at most, and
no ``wait``, so strangers hold no threads."""

_SourceOf = Callable[[RequestContext[User]], RenditionSource]
_Get = Callable[[RequestContext[User]], Download | JsonReply]
_Find = Callable[[], Download | PendingRendition]
"""Function that looks for a rendition again and again, while one request waits for it."""


def label_formats(renditions: RenditionService) -> OutputFormats:
    """Return the formats of other tools in which a job's labels may be requested instead of its output."""
    spec = JOB_RENDITIONS["labels"]
    return OutputFormats({**spec.arguments, "wait": WAIT}, _getter(renditions, _job_source, spec), PendingRendition)


def label_sql_routes(queries: LabelSqlService) -> Iterable[Route]:
    """Return the route of SQL over labels."""
    asked = {name: SQL_RENDITION.arguments[name] for name in ("sql", "format")}
    get = waiting(lambda context: queries.begin(context.caller, context.query_params).result)
    yield route("GET", "/labels/sql", get, SQL_RENDITION.summary, Policy(USER, calls_other_hosts=True),
                answers=FileReply, errors=(400, 503), more_answers=PENDING,
                parameters={**asked, "wait": WAIT})  # fmt: skip


def rendition_routes(renditions: RenditionService, shares: ShareService) -> Iterable[Route]:
    """Return the routes of renditions."""
    return [
        *_routes(renditions, "/data/{data_id}", _data_source, DATA_RENDITIONS),
        *_routes(renditions, "/jobs/{job_id}", _job_source, JOB_RENDITIONS),
        *_routes(renditions, "/datasets/{dataset_id}", _dataset_source, DATASET_RENDITIONS),
        *(_shared_route(renditions, shares, JOB_RENDITIONS[name]) for name in SHARED_RENDITIONS),
    ]


def _data_source(context: RequestContext[User]) -> RenditionSource:
    return RenditionSource(context.path_params["data_id"], None)


def _job_source(context: RequestContext[User]) -> RenditionSource:
    return RenditionSource(None, context.path_params["job_id"])


def _dataset_source(context: RequestContext[User]) -> RenditionSource:
    return RenditionSource(None, None, context.path_params["dataset_id"])


def _routes(
    renditions: RenditionService, path: str, source_of: _SourceOf, specs: Mapping[str, RenditionSpec]
) -> Iterator[Route]:
    def list_renditions(context: RequestContext[User]) -> RenditionList:
        return {"renditions": renditions.all(context.caller, source_of(context))}

    yield route("GET", f"{path}/renditions", list_renditions, "List the renditions that are stored or being made",
                BY_USER, answers=RenditionList, errors=(400, 404))  # fmt: skip
    yield route("DELETE", f"{path}/renditions", _deleter(renditions, source_of, None),
                "Cancel or delete all renditions", BY_USER, status=204, errors=(400, 404))  # fmt: skip
    may_wait = Policy(USER, calls_other_hosts=True)  # it may wait for an internal job
    for spec in specs.values():
        yield route("GET", f"{path}/renditions/{spec.name}", _getter(renditions, source_of, spec), spec.summary,
                    may_wait, answers=FileReply, errors=(400, 404, 503), more_answers=PENDING,
                    parameters={**spec.arguments, "wait": WAIT})  # fmt: skip
        summary = f"Cancel or delete the rendition '{spec.name}' with the same arguments"
        yield route("DELETE", f"{path}/renditions/{spec.name}", _deleter(renditions, source_of, spec), summary,
                    BY_USER, status=204, errors=(400, 404), parameters=spec.arguments)  # fmt: skip


def _shared_route(renditions: RenditionService, shares: ShareService, spec: RenditionSpec) -> Route:
    def get(context: RequestContext[None]) -> Download | JsonReply:
        owner, job_id = shares.job_with_video(context.path_params["key"])
        found = renditions.get(owner, RenditionSource(None, job_id), spec, {})
        return found if isinstance(found, Download) else JsonReply(found, _RETRY_AFTER, 202)

    summary = f"{spec.summary}, by a share link that includes the video"
    path = f"/shared/{{key}}/renditions/{spec.name}"
    return route("GET", path, get, summary, Policy(ANYONE), answers=FileReply, errors=(400, 403, 404, 503),
                 more_answers=PENDING)  # fmt: skip


def _getter(renditions: RenditionService, source_of: _SourceOf, spec: RenditionSpec) -> _Get:
    def begin(context: RequestContext[User]) -> _Find:
        caller, source, given, tries = context.caller, source_of(context), context.query_params, count()
        return lambda: renditions.get(caller, source, spec, given, is_awaited=next(tries) > 0)

    return waiting(begin)


def waiting(begin: Callable[[RequestContext[User]], _Find]) -> _Get:
    """Return a handler that calls what ``begin`` returns until the file is there, or the request may wait no longer."""

    def get(context: RequestContext[User]) -> Download | JsonReply:
        deadline = time.monotonic() + _wait_seconds(context)
        find = begin(context)
        while True:
            found = find()
            if isinstance(found, Download):
                return found
            if time.monotonic() >= deadline:
                return JsonReply(found, _RETRY_AFTER, 202)
            time.sleep(_POLL_SECONDS)

    return get


def _deleter(
    renditions: RenditionService, source_of: _SourceOf, spec: RenditionSpec | None
) -> Callable[[RequestContext[User]], None]:
    def delete(context: RequestContext[User]) -> None:
        renditions.delete(context.caller, source_of(context), spec, context.query_params)

    return delete


def _wait_seconds(context: RequestContext[User]) -> float:
    text = context.query_params.get("wait") or "0"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0  # refused below
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise BadRequest(f"'wait' is a number of seconds, 0 to {MAX_WAIT_SECONDS:g}, not {text!r:.100}")
    return seconds
