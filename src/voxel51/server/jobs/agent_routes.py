"""Agent routes: a running job reports by its credential, and reads and writes its files by signed links."""

from collections.abc import Iterable, Mapping, Sequence

from voxel51.server.data.service import DataService
from voxel51.server.downloads import Download, ProxiedDownload
from voxel51.server.http.access import SIGNED_LINK, Access
from voxel51.server.http.bodies import Form, JsonBody, MultipartBody, RawBody, StreamBody, Upload
from voxel51.server.http.context import RequestContext
from voxel51.server.http.receiving import FileSink
from voxel51.server.http.replies import FileReply, JsonReply
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.jobs.attempt_reports import AttemptReports
from voxel51.server.jobs.attempts import OUTPUT_FOLDER, Attempt
from voxel51.server.jobs.log_uploads import HidingWriter, LogUploads
from voxel51.server.jobs.status import MAX_STATUS_BYTES, check_status
from voxel51.server.jobs.tasks import TaskService
from voxel51.wire.digests import CONTENT_DIGEST, REPR_DIGEST, to_header
from voxel51.wire.tasks import (
    FinishReport,
    MetadataReport,
    PostedData,
    SignedUrlReference,
    StateReport,
    TaskDescription,
    TaskState,
)

AGENT: Access[Attempt] = Access("agent", (("agent",),), (401, 403, 429))
"""The credential of an attempt at the job that the path names."""


def agent_routes(attempts: AttemptReports, tasks: TaskService, data: DataService, logs: LogUploads) -> Iterable[Route]:
    """Return the routes of running jobs."""
    handlers = _Handlers(attempts, tasks, data, logs)
    return [*_report_routes(handlers), *_link_routes(handlers)]


def _report_routes(handlers: "_Handlers") -> Iterable[Route]:
    one, by_agent = "/jobs/{job_id}", Policy(AGENT)
    return [
        route("POST", f"{one}/begin", handlers.begin, "Report RUNNING and get the task description",
              Policy(AGENT, has_secret=True),
              answers=TaskDescription, errors=(404,)),
        route("POST", f"{one}/finish", handlers.finish, "Report how the job ended, with its last files", by_agent,
              JsonBody(FinishReport), status=204, errors=(404,)),
        route("PUT", f"{one}/state", handlers.state, "Report the state of the job", by_agent,
              JsonBody(StateReport, form=True), answers=StateReport, errors=(404,)),
        route("POST", f"{one}/metadata", handlers.metadata, "Report how much was analyzed", by_agent,
              JsonBody(MetadataReport, form=True), status=204, errors=(404,)),
        route("POST", f"{one}/data", handlers.post_data, "Store an output as data of the job's owner",
              Policy(AGENT, cost=5), MultipartBody(fields={}, folder="data"), answers=PostedData, errors=(404,)),
        route("GET", f"{one}/url/data", handlers.input_links, "Get new links to the inputs", by_agent,
              answers=dict[str, SignedUrlReference], errors=(404,)),
        route("GET", f"{one}/url/{{what}}", handlers.upload_link, "Get a new upload link", by_agent,
              answers=SignedUrlReference, errors=(404,)),
    ]  # fmt: skip


def _link_routes(handlers: "_Handlers") -> Iterable[Route]:
    one, by_link = "/links/attempts/{attempt_id}", Policy(SIGNED_LINK)
    log, output = Policy(SIGNED_LINK, cost=20), Policy(SIGNED_LINK, before_body=handlers.check_current, cost=20)
    errors, file_errors = (404, 409), (404, 409, 424, 502)
    return [
        route("GET", f"{one}/task", handlers.task, "Get the task description", by_link, answers=TaskDescription,
              errors=errors),
        route("GET", f"{one}/inputs/{{name}}", handlers.input, "Download an input", by_link, answers=FileReply,
              errors=file_errors),
        route("GET", f"{one}/parameters/{{name}}", handlers.parameter, "Download a data parameter", by_link,
              answers=FileReply, errors=file_errors),
        route("GET", f"{one}/parts/{{number}}", handlers.part, "Download the output of a part, to merge the parts",
              by_link, answers=FileReply, errors=(400, *errors)),
        route("PUT", f"{one}/status", handlers.put_status, "Store the status", by_link,
              RawBody(None, memory_limit_bytes=MAX_STATUS_BYTES), status=201, errors=errors),
        route("PUT", f"{one}/log", handlers.put_log, "Store the log, without secrets", log,
              StreamBody(handlers.open_log, "application/octet-stream"), status=201, errors=(400, *errors, 413)),
        route("PUT", f"{one}/output", handlers.put_output, "Store the output", output, RawBody(OUTPUT_FOLDER),
              status=201, errors=errors),
    ]  # fmt: skip


class _LogSink(FileSink):
    """Receives a log. ``stored`` writes it without secrets."""

    def __init__(self, writer: HidingWriter, limit_bytes: int, announced_digests: Sequence[str | None]) -> None:
        super().__init__(writer, limit_bytes, announced_digests)
        self.stored = writer.stored


class _Handlers:
    def __init__(self, attempts: AttemptReports, tasks: TaskService, data: DataService, logs: LogUploads) -> None:
        self._attempts = attempts
        self._tasks = tasks
        self._data = data
        self._logs = logs

    def check_current(self, context: RequestContext[None]) -> None:
        self._attempts.by_link(context.path_params["attempt_id"])

    def begin(self, context: RequestContext[Attempt]) -> TaskDescription:
        self._attempts.report_state(context.caller, TaskState.RUNNING, None)
        return self._tasks.begin(context.caller)

    def finish(self, context: RequestContext[Attempt], body: FinishReport) -> None:
        self._attempts.finish(context.caller, body)

    def state(self, context: RequestContext[Attempt], body: StateReport) -> StateReport:
        self._attempts.report_state(context.caller, body["state"], body.get("failure_type"))
        return {"state": body["state"]}

    def metadata(self, context: RequestContext[Attempt], body: MetadataReport) -> None:
        self._attempts.report_metadata(context.caller, body)

    def post_data(self, context: RequestContext[Attempt], form: Form) -> JsonReply:
        upload = form.file("file")
        self._attempts.by_link(context.caller.id)  # again: the attempt may have been replaced during the upload
        added = self._data.add(context.caller.owner_id, upload.filename, upload.media_type, upload.stored, None)
        body: PostedData = {"data": {"data_id": added.record["id"]}}
        return JsonReply(body, {REPR_DIGEST: to_header(upload.stored.sha256)})

    def input_links(self, context: RequestContext[Attempt]) -> Mapping[str, SignedUrlReference]:
        return self._tasks.input_links(context.caller)

    def upload_link(self, context: RequestContext[Attempt]) -> SignedUrlReference:
        return self._tasks.upload_link(context.caller, context.path_params["what"])

    def task(self, context: RequestContext[None]) -> TaskDescription:
        return self._tasks.describe(self._attempt(context))

    def input(self, context: RequestContext[None]) -> Download | ProxiedDownload:
        return self._tasks.file(self._attempt(context), "inputs", context.path_params["name"])

    def parameter(self, context: RequestContext[None]) -> Download | ProxiedDownload:
        return self._tasks.file(self._attempt(context), "parameters", context.path_params["name"])

    def part(self, context: RequestContext[None]) -> Download:
        return self._tasks.part_output(self._attempt(context), context.path_params["number"])

    def put_status(self, context: RequestContext[None], upload: Upload) -> None:
        self._attempts.put_status(context.path_params["attempt_id"], check_status(upload.content))

    def open_log(self, context: RequestContext[None]) -> "_LogSink":
        headers = context.headers
        writer = self._logs.open(self._attempt(context), headers.get("content-length", ""))
        return _LogSink(writer, self._logs.limit_bytes, [headers.get(CONTENT_DIGEST), headers.get(REPR_DIGEST)])

    def put_log(self, context: RequestContext[None], upload: "_LogSink") -> None:
        try:
            self._attempts.put_log(context.path_params["attempt_id"], upload.stored)
        finally:
            upload.stored.abort()  # without effect once it is committed

    def put_output(self, context: RequestContext[None], upload: Upload) -> JsonReply:
        self._attempts.put_output(context.path_params["attempt_id"], upload.stored)
        return JsonReply(headers={REPR_DIGEST: to_header(upload.stored.sha256)})

    def _attempt(self, context: RequestContext[None]) -> Attempt:
        return self._attempts.by_link(context.path_params["attempt_id"])
