"""Job routes: submit, list, start, cancel, archive and delete jobs, and download their outputs and logs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from voxel51.server.accounts.access import BY_APPLICATION, BY_USER, USER
from voxel51.server.accounts.callers import Application, User
from voxel51.server.data.lifetime import EXPIRY_FIELD, LifetimeChange, asked_change
from voxel51.server.data.routes import LIFETIME_BODY
from voxel51.server.database.search import Query
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest
from voxel51.server.http.access import SIGNED_LINK
from voxel51.server.http.batch import Action, batch_route
from voxel51.server.http.bodies import Form, JsonBody, MultipartBody, QueryBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import FileReply, JsonReply
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.jobs.actions import JobActions
from voxel51.server.jobs.requests import LONGEST_NAME
from voxel51.server.jobs.scheduling import LONGEST_TEXT
from voxel51.server.jobs.service import LISTING, JobService
from voxel51.server.outcomes import Outcomes, only
from voxel51.server.parameters import FormField, QueryParameter
from voxel51.wire.accounts import Scope
from voxel51.wire.data import SignedUrl
from voxel51.wire.jobs import Cancellation, JobDetails, JobList, JobRequestDocument
from voxel51.wire.tasks import TaskStatusDocument

_REQUEST = MultipartBody(
    fields={
        "job_name": FormField("name of the job", required=True, schema={"minLength": 1, "maxLength": LONGEST_NAME}),
        "auto_start": FormField("true to start the job at once", schema={"pattern": "^([Tt]rue|[Ff]alse|1|0)?$"}),
        "job_ttl": EXPIRY_FIELD,
        "scheduling": FormField(
            "JSON object: priority, deadline, timeout_seconds, not_before, retry", schema={"maxLength": LONGEST_TEXT}
        ),
    },
    folder=None,
)
_FLAGS = {"true": True, "1": True, "false": False, "0": False, "": False}


@dataclass(frozen=True, slots=True)
class OutputFormats:
    """Formats other than its own in which an output may be requested, by the query parameter ``format``.

    Attributes:
        parameters: of the query string.
        get: handler of requests that name a format.
        pending: shape of the answer while the file is being made (status 202).
    """

    parameters: Mapping[str, QueryParameter]
    get: Callable[[RequestContext[User]], Download | JsonReply]
    pending: object


def job_routes(jobs: JobService, actions: JobActions, formats: OutputFormats) -> Iterable[Route]:
    """Return the routes of jobs."""
    handlers = _Handlers(jobs, actions, formats)
    one, query = "/jobs/{job_id}", QueryBody(LISTING)
    waiting = Policy(USER, calls_other_hosts=True)  # the output may have to be converted first
    link = Policy(SIGNED_LINK)
    errors = (400, 404)
    return [
        route("GET", "/jobs/list", handlers.list, "List your jobs that are not archived", BY_USER, answers=JobList),
        route("GET", "/jobs", handlers.query, "List your jobs that match a query", BY_USER, query, answers=JobList),
        route("GET", "/apps/jobs", handlers.query_of_application, "List jobs of all your users that match a query",
              BY_APPLICATION, query, answers=JobList),
        route("POST", "/jobs", handlers.submit, "Submit a job", BY_USER, _REQUEST, answers=JobDetails, status=201),
        route("GET", one, handlers.details, "Get a job's record", BY_USER, at_once=handlers.details_at_once,
              answers=JobDetails, errors=errors),
        route("GET", f"{one}/request", handlers.request, "Get the inputs and parameters of a job", BY_USER,
              answers=JobRequestDocument, errors=errors),
        route("GET", f"{one}/status", handlers.status, "Get the status that a job reported", BY_USER,
              answers=TaskStatusDocument, errors=errors),
        route("GET", f"{one}/output", handlers.output, "Download a job's output", waiting, answers=FileReply,
              parameters=formats.parameters, more_answers={202: formats.pending}, errors=(*errors, 503)),
        route("GET", f"{one}/output-url", handlers.output_url, "Get a signed link to a job's output", BY_USER,
              answers=SignedUrl, errors=errors),
        route("GET", f"{one}/log", handlers.log, "Download a job's log (private analytics)", BY_USER,
              answers=FileReply, errors=errors),
        route("GET", f"{one}/log-url", handlers.log_url, "Get a signed link to a job's log", BY_USER,
              answers=SignedUrl, errors=errors),
        *_action_routes(handlers, actions),
        route("GET", "/links/jobs/{job_id}/output", handlers.output_by_link, "Download a job's output by signed link",
              link, answers=FileReply, errors=errors),
        route("GET", "/links/jobs/{job_id}/log", handlers.log_by_link, "Download a job's log by signed link",
              link, answers=FileReply, errors=errors),
    ]  # fmt: skip


def _action_routes(handlers: "_Handlers", actions: JobActions) -> Iterable[Route]:
    one = "/jobs/{job_id}"
    single_actions = (
        ("PUT", f"{one}/start", actions.start, "Start a job"),
        ("PUT", f"{one}/archive", actions.archive, "Archive a job"),
        ("PUT", f"{one}/unarchive", actions.unarchive, "Unarchive a job"),
        ("DELETE", one, actions.delete, "Delete a job that was never started"),
    )
    return [
        *(
            route(method, path, _single(action), summary, BY_USER, status=204, errors=(400, 404))
            for method, path, action, summary in single_actions
        ),
        route("PUT", f"{one}/kill", handlers.kill, "Cancel a job", BY_USER, JsonBody(Cancellation, form=True),
              status=204, errors=(400, 404)),
        route("PUT", f"{one}/ttl", handlers.change_lifetime, "Change when a job's output expires", BY_USER,
              LIFETIME_BODY, status=204, errors=(404,)),
        batch_route("jobs", handlers.batch_actions(), USER, Scope.RUN),
    ]  # fmt: skip


def _single(action: Callable[[User, Sequence[str]], Outcomes[None]]) -> Callable[[RequestContext[User]], None]:
    """Return the handler that applies a batch action to the one job in the path."""

    def handle(context: RequestContext[User]) -> None:
        only(action(context.caller, [context.path_params["job_id"]]))

    return handle


class _Handlers:
    def __init__(self, jobs: JobService, actions: JobActions, formats: OutputFormats) -> None:
        self._jobs = jobs
        self._actions = actions
        self._formats = formats

    def list(self, context: RequestContext[User]) -> JobList:
        return self._jobs.list_unarchived(context.caller)

    def query(self, context: RequestContext[User], query: Query) -> JobList:
        return self._jobs.query(context.caller, query)

    def query_of_application(self, context: RequestContext[Application], query: Query) -> JobList:
        return self._jobs.query_of_application(context.caller, query)

    def submit(self, context: RequestContext[User], form: Form) -> JobDetails:
        request = form.file("job request").content
        auto_start = form.fields.get("auto_start", "").strip().lower()
        if auto_start not in _FLAGS:
            raise BadRequest(f"auto_start is true or false, not {auto_start!r}")
        name, ttl, scheduling = (form.fields.get(field) for field in ("job_name", "job_ttl", "scheduling"))
        return {"job": self._jobs.submit(context.caller, request, name, _FLAGS[auto_start], ttl, scheduling)}

    def details(self, context: RequestContext[User]) -> JobDetails:
        return {"job": self._jobs.details(context.caller, context.path_params["job_id"])}

    def details_at_once(self, context: RequestContext[User]) -> JobDetails | None:
        record = self._jobs.details_at_once(context.caller, context.path_params["job_id"])
        return None if record is None else {"job": record}

    def request(self, context: RequestContext[User]) -> JobRequestDocument:
        return self._jobs.request(context.caller, context.path_params["job_id"])

    def status(self, context: RequestContext[User]) -> Mapping[str, object]:
        return self._jobs.status(context.caller, context.path_params["job_id"])

    def output(self, context: RequestContext[User]) -> Download | JsonReply:
        if context.query_params.get("format"):
            return self._formats.get(context)
        return self._jobs.output(context.caller.id, context.path_params["job_id"])

    def output_url(self, context: RequestContext[User]) -> SignedUrl:
        return {"url": self._jobs.output_url(context.caller, context.path_params["job_id"])}

    def log(self, context: RequestContext[User]) -> Download:
        return self._jobs.log(context.caller.id, context.path_params["job_id"])

    def log_url(self, context: RequestContext[User]) -> SignedUrl:
        return {"url": self._jobs.log_url(context.caller, context.path_params["job_id"])}

    def kill(self, context: RequestContext[User], body: Cancellation) -> None:
        only(self._actions.kill(context.caller, [context.path_params["job_id"]], body.get("reason")))

    def change_lifetime(self, context: RequestContext[User], body: LifetimeChange) -> None:
        only(self._actions.change_lifetime(context.caller, [context.path_params["job_id"]], body))

    def batch_actions(self) -> Mapping[str, Action[User]]:
        actions = self._actions
        return {
            "details": lambda caller, ids, _: self._jobs.details_of_many(caller, ids),
            "start": lambda caller, ids, _: actions.start(caller, ids),
            "archive": lambda caller, ids, _: actions.archive(caller, ids),
            "unarchive": lambda caller, ids, _: actions.unarchive(caller, ids),
            "ttl": lambda caller, ids, body: actions.change_lifetime(caller, ids, asked_change(body)),
            "delete": lambda caller, ids, _: actions.delete(caller, ids),
            "kill": lambda caller, ids, body: actions.kill(caller, ids, body.get("reason")),
        }

    def output_by_link(self, context: RequestContext[None]) -> Download:
        job_id = context.path_params["job_id"]
        return self._jobs.output(self._jobs.owner_of(job_id), job_id)

    def log_by_link(self, context: RequestContext[None]) -> Download:
        job_id = context.path_params["job_id"]
        return self._jobs.log(self._jobs.owner_of(job_id), job_id)
