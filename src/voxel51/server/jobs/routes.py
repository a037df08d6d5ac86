"""The routes of jobs, as their owners use them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from voxel51.server.accounts.callers import User
from voxel51.server.data.lifetime import EXPIRY_FIELD, LifetimeChange, asked_change
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest
from voxel51.server.http.batch import Action, batch_route
from voxel51.server.http.route import Answer, Bytes, Call, JsonBody, MultipartBody, Needs, QueryBody, Route
from voxel51.server.jobs.actions import JobActions
from voxel51.server.jobs.service import LISTING, LONGEST_NAME, JobService
from voxel51.server.outcomes import Outcomes, only
from voxel51.server.parameters import FormField, QueryParameter
from voxel51.wire.accounts import Scope
from voxel51.wire.data import SignedUrl
from voxel51.wire.jobs import JobDetails, JobList, JobRecord, JobRequestDocument
from voxel51.wire.tasks import TaskStatusDocument

_UPLOAD = MultipartBody(
    fields={
        "job_name": FormField("what you call it", required=True, schema={"minLength": 1, "maxLength": LONGEST_NAME}),
        "auto_start": FormField("true to start it at once", schema={"pattern": "^([Tt]rue|[Ff]alse|1|0)?$"}),
        "job_ttl": EXPIRY_FIELD,
    },
    folder=None,
)
_FLAGS = {"true": True, "1": True, "false": False, "0": False, "": False}


@dataclass(frozen=True, slots=True)
class OtherFormats:
    """How outputs are given in other formats than their own: what to say in the query string, and who answers.

    The argument ``format`` says which; `making` is the answer's shape while it is being made (status 202).
    """

    arguments: Mapping[str, QueryParameter]
    get: Callable[[Call], Download | Answer]
    making: Any


def job_routes(jobs: JobService, actions: JobActions, formats: OtherFormats) -> Iterable[Route]:
    """One table of all routes of jobs."""
    handlers = _Handlers(jobs, actions, formats)
    lifetime = JsonBody(LifetimeChange, form=True)
    return [
        Route("GET", "/jobs/list", handlers.list, "Your jobs that are not archived", answers=JobList),
        Route("GET", "/jobs", handlers.query, "Your jobs that match a query", body=QueryBody(LISTING), answers=JobList),
        Route(
            "GET",
            "/apps/jobs",
            handlers.query_of_application,
            "Jobs of all your users that match a query",
            needs=Needs.APPLICATION,
            body=QueryBody(LISTING),
            answers=JobList,
        ),
        Route("POST", "/jobs", handlers.submit, "Submit a job", body=_UPLOAD, answers=JobDetails, status=201),
        _of_job("GET", "", handlers.details, "One job's record", JobDetails),
        _of_job("GET", "/request", handlers.request, "What the job was asked to do", JobRequestDocument),
        _of_job("GET", "/status", handlers.status, "How far the job is, in its own words", TaskStatusDocument),
        replace(
            _of_job("GET", "/output", handlers.output, "The job's output", Bytes),
            takes_arguments=formats.arguments,
            more_answers={202: formats.making},
            errors=(400, 404, 503),
            asks_outside=True,  # it may wait for another format to be made
        ),
        _of_job("GET", "/output-url", handlers.output_url, "A signed link to the output", SignedUrl),
        _of_job("GET", "/log", handlers.log, "The job's log (private analytics)", Bytes),
        _of_job("GET", "/log-url", handlers.log_url, "A signed link to the log", SignedUrl),
        _of_job("PUT", "/start", _run(actions.start), "Start the job"),
        _of_job("PUT", "/kill", _run(actions.kill), "End the job"),
        _of_job("PUT", "/archive", _run(actions.archive), "Put the job out of sight"),
        _of_job("PUT", "/unarchive", _run(actions.unarchive), "Bring the job back into sight"),
        _of_job("DELETE", "", _run(actions.delete), "Delete a job that was never started"),
        Route(
            "PUT",
            "/jobs/{job_id}/ttl",
            handlers.change_lifetime,
            "Change when the output expires",
            body=lifetime,
            status=204,
            errors=(404,),
        ),
        batch_route("jobs", handlers.batch_actions(), changes=Scope.RUN),
        _by_link("output", handlers.output_by_link),
        _by_link("log", handlers.log_by_link),
    ]


def _of_job(method: str, path: str, handler: Callable[[Call], Any], summary: str, answers: Any = None) -> Route:
    status = 204 if answers is None else 200
    return Route(method, f"/jobs/{{job_id}}{path}", handler, summary, answers=answers, status=status, errors=(400, 404))


def _by_link(what: str, handler: Callable[[Call], Any]) -> Route:
    summary = f"The job's {what}, by signed link"
    path = f"/links/jobs/{{job_id}}/{what}"
    return Route("GET", path, handler, summary, needs=Needs.LINK, answers=Bytes, errors=(400, 404))


def _run(action: Callable[[User, Sequence[str]], Outcomes[None]]) -> Callable[[Call], None]:
    return lambda call: only(action(call.caller, [call.path["job_id"]]))


class _Handlers:
    def __init__(self, jobs: JobService, actions: JobActions, formats: OtherFormats) -> None:
        self._jobs = jobs
        self._actions = actions
        self._formats = formats

    def list(self, call: Call) -> JobList:
        return self._jobs.list_unarchived(call.caller)

    def query(self, call: Call) -> JobList:
        return self._jobs.query(call.caller, call.query)

    def query_of_application(self, call: Call) -> JobList:
        return self._jobs.query_of_application(call.caller, call.query)

    def submit(self, call: Call) -> Mapping[str, JobRecord]:
        if call.upload is None:
            raise BadRequest("No job request came; send it as the part named 'file'")
        auto_start = call.fields.get("auto_start", "").strip().lower()
        if auto_start not in _FLAGS:
            raise BadRequest(f"auto_start is true or false, not {auto_start!r}")
        name, ttl = call.fields.get("job_name"), call.fields.get("job_ttl")
        return {"job": self._jobs.submit(call.caller, call.upload.content, name, _FLAGS[auto_start], ttl)}

    def details(self, call: Call) -> Mapping[str, JobRecord]:
        return {"job": self._jobs.details(call.caller, call.path["job_id"])}

    def request(self, call: Call) -> JobRequestDocument:
        return self._jobs.request(call.caller, call.path["job_id"])

    def status(self, call: Call) -> Mapping[str, Any]:
        return self._jobs.status(call.caller, call.path["job_id"])

    def output(self, call: Call) -> Download | Answer:
        if call.arguments.get("format"):
            return self._formats.get(call)
        return self._jobs.output(call.caller.id, call.path["job_id"])

    def output_url(self, call: Call) -> SignedUrl:
        return {"url": self._jobs.output_url(call.caller, call.path["job_id"])}

    def log(self, call: Call) -> Download:
        return self._jobs.log(call.caller.id, call.path["job_id"])

    def log_url(self, call: Call) -> SignedUrl:
        return {"url": self._jobs.log_url(call.caller, call.path["job_id"])}

    def change_lifetime(self, call: Call) -> None:
        change: Any = call.body
        only(self._actions.change_lifetime(call.caller, [call.path["job_id"]], change))

    def batch_actions(self) -> Mapping[str, Action]:
        actions = self._actions
        return {
            "details": lambda caller, ids, _: self._jobs.details_of_many(caller, ids),
            "start": lambda caller, ids, _: actions.start(caller, ids),
            "archive": lambda caller, ids, _: actions.archive(caller, ids),
            "unarchive": lambda caller, ids, _: actions.unarchive(caller, ids),
            "ttl": lambda caller, ids, body: actions.change_lifetime(caller, ids, asked_change(body)),
            "delete": lambda caller, ids, _: actions.delete(caller, ids),
            "kill": lambda caller, ids, _: actions.kill(caller, ids),
        }

    def output_by_link(self, call: Call) -> Download:
        job_id = call.path["job_id"]
        return self._jobs.output(self._jobs.owner_of(job_id), job_id)

    def log_by_link(self, call: Call) -> Download:
        job_id = call.path["job_id"]
        return self._jobs.log(self._jobs.owner_of(job_id), job_id)
