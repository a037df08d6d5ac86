"""The routes of renditions."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest
from voxel51.server.http.route import Answer, Bytes, Call, Needs, Route
from voxel51.server.jobs.routes import OtherFormats
from voxel51.server.jobs.shares import ShareService
from voxel51.server.parameters import QueryParameter
from voxel51.server.renditions.service import RenditionService
from voxel51.server.renditions.sources import RenditionSource
from voxel51.server.renditions.specs import DATA_RENDITIONS, JOB_RENDITIONS, RenditionSpec
from voxel51.wire.renditions import PendingRendition, RenditionList

LONGEST_WAIT_SECONDS = 20.0
_LOOK_SECONDS = 0.03
_WAIT = QueryParameter(
    "seconds to wait for it, where it must be made first",
    {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT_SECONDS, "default": 0},
)
_AGAIN = {"Retry-After": "1"}
SHARED = ("annotated", "sheet")
"""What whoever holds a share link may have made: things without arguments, so each link costs two at most. They do not
wait for it, so that strangers hold no threads."""

_Find = Callable[[Call], RenditionSource]


def labels_in_formats(renditions: RenditionService) -> OtherFormats:
    """The labels of jobs as other tools read them, in the place of their outputs."""
    spec = JOB_RENDITIONS["labels"]
    get = _getting(renditions, _job, spec)
    return OtherFormats({**spec.arguments, "wait": _WAIT}, get, PendingRendition)


def rendition_routes(renditions: RenditionService, shares: ShareService) -> Iterable[Route]:
    """One table of all routes of renditions."""
    return [
        *_routes(renditions, "/data/{data_id}", _data, DATA_RENDITIONS),
        *_routes(renditions, "/jobs/{job_id}", _job, JOB_RENDITIONS),
        *(_shared_route(renditions, shares, JOB_RENDITIONS[name]) for name in SHARED),
    ]


def _data(call: Call) -> RenditionSource:
    return RenditionSource(call.path["data_id"], None)


def _job(call: Call) -> RenditionSource:
    return RenditionSource(None, call.path["job_id"])


def _routes(
    renditions: RenditionService, path: str, subject: _Find, specs: Mapping[str, RenditionSpec]
) -> Iterator[Route]:
    def all_of(call: Call) -> RenditionList:
        return {"renditions": renditions.all(call.caller, subject(call))}

    summary = "Renditions that are kept or being made"
    yield Route("GET", f"{path}/renditions", all_of, summary, answers=RenditionList, errors=(400, 404))
    for spec in specs.values():
        yield Route(
            "GET",
            f"{path}/renditions/{spec.name}",
            _getting(renditions, subject, spec),
            spec.summary,
            answers=Bytes,
            errors=(400, 404, 503),
            takes_arguments={**spec.arguments, "wait": _WAIT},
            more_answers={202: PendingRendition},
            asks_outside=True,  # it may wait for a job
        )


def _shared_route(renditions: RenditionService, shares: ShareService, spec: RenditionSpec) -> Route:
    def get(call: Call) -> Download | Answer:
        owner, job_id = shares.job_with_video(call.path["key"])
        found = renditions.get(owner, RenditionSource(None, job_id), spec, {})
        return found if isinstance(found, Download) else Answer(found, _AGAIN, 202)

    summary = f"{spec.summary}, by a share link that shows it"
    path = f"/shared/{{key}}/renditions/{spec.name}"
    more = {202: PendingRendition}
    return Route("GET", path, get, summary, needs=Needs.NOBODY, answers=Bytes, errors=(400, 403, 404, 503),
                 more_answers=more)  # fmt: skip


def _getting(renditions: RenditionService, subject: _Find, spec: RenditionSpec) -> Callable[[Call], Download | Answer]:
    def get(call: Call) -> Download | Answer:
        ends_at = time.monotonic() + _wait_seconds(call)
        while True:
            found = renditions.get(call.caller, subject(call), spec, call.arguments)
            if isinstance(found, Download):
                return found
            if time.monotonic() >= ends_at:
                return Answer(found, _AGAIN, 202)
            time.sleep(_LOOK_SECONDS)

    return get


def _wait_seconds(call: Call) -> float:
    text = call.arguments.get("wait") or "0"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_WAIT_SECONDS:
        raise BadRequest(f"'wait' is a number of seconds, 0 to {LONGEST_WAIT_SECONDS:g}, not {text!r:.100}")
    return seconds
