"""The routes of renditions."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from voxel51.server.errors import BadRequest
from voxel51.server.http.route import Answer, Argument, Bytes, Call, Download, Route
from voxel51.server.jobs.routes import OtherFormats
from voxel51.server.renditions.kinds import OF_DATA, OF_JOB, Kind
from voxel51.server.renditions.service import RenditionService
from voxel51.server.renditions.subjects import Subject
from voxel51.wire.renditions import Making, RenditionList

LONGEST_WAIT_SECONDS = 20.0
_LOOK_SECONDS = 0.03
_WAIT = Argument(
    "seconds to wait for it, where it must be made first",
    {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT_SECONDS, "default": 0},
)
_AGAIN = {"Retry-After": "1"}

_Find = Callable[[Call], Subject]


def labels_in_formats(renditions: RenditionService) -> OtherFormats:
    """The labels of jobs as other tools read them, in the place of their outputs."""
    kind = OF_JOB["labels"]
    get = _getting(renditions, _job, kind)
    return OtherFormats({**kind.arguments, "wait": _WAIT}, get, Making)


def rendition_routes(renditions: RenditionService) -> Iterable[Route]:
    """One table of all routes of renditions."""
    return [
        *_routes(renditions, "/data/{data_id}", _data, OF_DATA),
        *_routes(renditions, "/jobs/{job_id}", _job, OF_JOB),
    ]


def _data(call: Call) -> Subject:
    return Subject(call.path["data_id"], None)


def _job(call: Call) -> Subject:
    return Subject(None, call.path["job_id"])


def _routes(renditions: RenditionService, path: str, subject: _Find, kinds: Mapping[str, Kind]) -> Iterator[Route]:
    def all_of(call: Call) -> RenditionList:
        return {"renditions": renditions.all(call.caller, subject(call))}

    summary = "Renditions that are kept or being made"
    yield Route("GET", f"{path}/renditions", all_of, summary, answers=RenditionList, errors=(400, 404))
    for kind in kinds.values():
        yield Route(
            "GET",
            f"{path}/renditions/{kind.name}",
            _getting(renditions, subject, kind),
            kind.summary,
            answers=Bytes,
            errors=(400, 404, 503),
            takes_arguments={**kind.arguments, "wait": _WAIT},
            more_answers={202: Making},
            asks_outside=True,  # it may wait for a job
        )


def _getting(renditions: RenditionService, subject: _Find, kind: Kind) -> Callable[[Call], Download | Answer]:
    def get(call: Call) -> Download | Answer:
        ends_at = time.monotonic() + _wait_seconds(call)
        while True:
            found = renditions.get(call.caller, subject(call), kind, call.arguments)
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
