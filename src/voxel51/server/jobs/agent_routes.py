"""The routes that a running job uses: reports by its credential, files by signed links."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from voxel51.server.data.service import DataService
from voxel51.server.downloads import Download, ProxiedDownload
from voxel51.server.errors import BadRequest
from voxel51.server.http.route import Answer, Body, Bytes, Call, JsonBody, MultipartBody, Needs, NoBody, RawBody, Route
from voxel51.server.jobs.attempts import LOG_FOLDER, Attempt, AttemptService
from voxel51.server.jobs.status import check_status
from voxel51.server.jobs.tasks import TaskService
from voxel51.wire.digests import REPR_DIGEST, to_header
from voxel51.wire.tasks import MetadataReport, PostedData, SignedUrlReference, StateReport, TaskDescription

OUTPUT_FOLDER = "outputs"
_ATTEMPT = "/links/attempts/{attempt_id}"


def agent_routes(attempts: AttemptService, tasks: TaskService, data: DataService) -> Iterable[Route]:
    """One table of all routes of running jobs."""
    handlers = _Handlers(attempts, tasks, data)
    posted = MultipartBody(fields={}, folder="data")
    return [
        _report("PUT", "/state", handlers.state, "Say where the job stands", JsonBody(StateReport, True), StateReport),
        _report("POST", "/metadata", handlers.metadata, "Say how much was analysed", JsonBody(MetadataReport, True)),
        _report("POST", "/data", handlers.post_data, "Leave an output as data of the owner", posted, PostedData),
        _report(
            "GET", "/url/data", handlers.input_links, "Fresh links to inputs", NoBody(), dict[str, SignedUrlReference]
        ),
        _report("GET", "/url/{what}", handlers.upload_link, "A fresh upload link", NoBody(), SignedUrlReference),
        _by_link("GET", "/task", handlers.task, "The task description", answers=TaskDescription),
        _by_link("GET", "/inputs/{name}", handlers.input, "An input", answers=Bytes),
        _by_link("GET", "/parameters/{name}", handlers.parameter, "A data parameter", answers=Bytes),
        _by_link("PUT", "/status", handlers.put_status, "Leave the status", RawBody(None)),
        _by_link("PUT", "/log", handlers.put_log, "Leave the log", RawBody(LOG_FOLDER), handlers.admit),
        _by_link("PUT", "/output", handlers.put_output, "Leave the output", RawBody(OUTPUT_FOLDER), handlers.admit),
    ]


def _report(
    method: str, path: str, handler: Callable[[Call], Any], summary: str, body: Body, answers: Any = None
) -> Route:
    status = 204 if answers is None else 200
    return Route(
        method,
        f"/jobs/{{job_id}}{path}",
        handler,
        summary,
        needs=Needs.AGENT,
        body=body,
        answers=answers,
        status=status,
        errors=(404,),
    )


def _by_link(
    method: str,
    path: str,
    handler: Callable[[Call], Any],
    summary: str,
    body: Body = NoBody(),  # noqa: B008  (frozen, so sharing it is safe)
    before: Callable[[Call], None] | None = None,
    answers: Any = None,
) -> Route:
    status = 201 if method == "PUT" else 200
    return Route(
        method,
        _ATTEMPT + path,
        handler,
        summary,
        needs=Needs.LINK,
        body=body,
        answers=answers,
        status=status,
        errors=(404, 409, *((424, 502) if answers is Bytes else ())),
        before=before,
    )


class _Handlers:
    def __init__(self, attempts: AttemptService, tasks: TaskService, data: DataService) -> None:
        self._attempts = attempts
        self._tasks = tasks
        self._data = data

    def admit(self, call: Call) -> None:
        self._attempts.by_link(call.path["attempt_id"])

    def state(self, call: Call) -> StateReport:
        report: Any = call.body
        self._attempts.report_state(call.caller, report["state"], report.get("failure_type"))
        return {"state": report["state"]}

    def metadata(self, call: Call) -> None:
        report: Any = call.body
        self._attempts.report_metadata(call.caller, report)

    def post_data(self, call: Call) -> Answer:
        if call.upload is None or call.upload.writer is None:
            raise BadRequest("No file came; send it as the part named 'file'")
        upload = call.upload
        self._attempts.by_link(call.caller.id)  # once more: the upload took its time
        kept = self._data.add(call.caller.owner_id, upload.filename, upload.media_type, call.upload.writer, None)
        digest = {REPR_DIGEST: to_header(call.upload.writer.sha256)}
        return Answer({"data": {"data_id": kept["id"]}}, digest)

    def input_links(self, call: Call) -> Mapping[str, SignedUrlReference]:
        return self._tasks.input_links(call.caller)

    def upload_link(self, call: Call) -> SignedUrlReference:
        return self._tasks.upload_link(call.caller, call.path["what"])

    def task(self, call: Call) -> TaskDescription:
        return self._tasks.describe(self._attempt(call))

    def input(self, call: Call) -> Download | ProxiedDownload:
        return self._file(call, "inputs")

    def parameter(self, call: Call) -> Download | ProxiedDownload:
        return self._file(call, "parameters")

    def put_status(self, call: Call) -> None:
        assert call.upload is not None  # noqa: S101  (the route takes a raw body)
        self._attempts.put_status(call.path["attempt_id"], check_status(call.upload.content))

    def put_log(self, call: Call) -> None:
        assert call.upload is not None and call.upload.writer is not None  # noqa: S101  (as above)
        self._attempts.put_log(call.path["attempt_id"], call.upload.writer)

    def put_output(self, call: Call) -> Answer:
        assert call.upload is not None and call.upload.writer is not None  # noqa: S101  (as above)
        self._attempts.put_output(call.path["attempt_id"], call.upload.writer)
        return Answer(headers={REPR_DIGEST: to_header(call.upload.writer.sha256)})

    def _attempt(self, call: Call) -> Attempt:
        return self._attempts.by_link(call.path["attempt_id"])

    def _file(self, call: Call, part: str) -> Download | ProxiedDownload:
        return self._tasks.file(self._attempt(call), part, call.path["name"])
