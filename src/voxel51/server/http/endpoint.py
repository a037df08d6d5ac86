"""One request, from credentials to answer."""

from asyncio import CancelledError
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar, TypeVarTuple
from urllib.parse import parse_qsl

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from voxel51.server.downloads import Download, ProxiedDownload
from voxel51.server.errors import BadRequest, NotFound, ServiceError, TooManyRequests, Unauthenticated, Unavailable
from voxel51.server.http.downloads import download_response
from voxel51.server.http.errors import refusal_on_page, response_to, wants_page
from voxel51.server.http.event_streams import event_response
from voxel51.server.http.query import read_query
from voxel51.server.http.rates import Rate, address_of
from voxel51.server.http.repetition import Repetitions
from voxel51.server.http.route import (
    Answer,
    Call,
    EventStream,
    JsonBody,
    MultipartBody,
    Needs,
    NoBody,
    QueryBody,
    RawBody,
    Route,
    StreamBody,
)
from voxel51.server.http.texts import refuse_nul
from voxel51.server.http.through import through_response
from voxel51.server.http.uploads import Receiver, check_digest, is_shorter, pour, read_small
from voxel51.server.storage.storage import CHUNK_BYTES, Storage
from voxel51.wire.accounts import Scope

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

_UNPROVED_BODY_BYTES = 64 * 1024
"""A longer body is read only once it is known who sends it."""

_CLIENT_CLOSED = 499
_LIMITED = {Needs.USER, Needs.APPLICATION, Needs.CALLER}
_FAILURES = "failed attempts to say who you are"

Check = Callable[[Request, Scope], Any]
"""Finds out who calls, and that the credential is good for the scope: returns the caller, or raises one of
`voxel51.server.errors`. Runs in a worker thread."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What all endpoints share.

    ``workers`` bounds how many requests are served at once, ``waiting`` how many threads wait for other hosts; more
    wait for their turn. ``calls`` is how often one caller may ask, ``failures`` how often one host may fail to say who
    it is. ``body_limit_bytes`` bounds bodies that are no files.
    """

    checks: Mapping[Needs, Check]
    storage: Storage
    receiver: Receiver
    repetitions: Repetitions
    workers: CapacityLimiter
    waiting: CapacityLimiter
    calls: Rate
    failures: Rate
    body_limit_bytes: int


class Endpoint:
    """Serves one route."""

    def __init__(self, route: Route, serving: Serving) -> None:
        self._route = route
        self._serving = serving

    async def __call__(self, request: Request) -> Response:
        """Answer ``request``, whatever happens."""
        response = await self._answer_or_say_why(request)
        if self._route.refusal_page is not None and response.status_code >= 400 and wants_page(request):
            response = refusal_on_page(self._route.refusal_page, response)
        response.headers.update(self._route.always)
        return response

    async def _answer_or_say_why(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_CLOSED)
        except CancelledError:  # by the server alone, when it stops and has waited long enough
            return response_to(Unavailable("The platform is stopping; try again in a moment"), request)
        except Unauthenticated as error:
            return response_to(self._count_failure(request, error), request)
        except Exception as error:
            return response_to(error, request)

    def _count_failure(self, request: Request, error: Unauthenticated) -> ServiceError:
        """What to answer who failed to say who it is: the same, until it was too often."""
        try:
            self._serving.failures.take(address_of(request), _FAILURES)
        except TooManyRequests as too_many:
            return too_many
        return error

    async def _answer(self, request: Request) -> Response:
        if isinstance(self._route.body, StreamBody):
            return await self._pour(request, self._route.body)
        if isinstance(self._route.body, MultipartBody | RawBody):
            return await self._receive(request)
        content = b""
        if not isinstance(self._route.body, NoBody):
            if not is_shorter(request, _UNPROVED_BODY_BYTES):
                await self._in_worker(self._identify, request)
            content = await read_small(request, self._serving.body_limit_bytes)
        if self._route.look_outside is not None:
            call = await self._in_worker(self._read, request, content)
            await to_thread.run_sync(self._route.look_outside, call, limiter=self._serving.waiting)
            return await self._in_worker(self._serve, request, call, content)
        limiter = self._serving.waiting if self._route.asks_outside else self._serving.workers
        answer = await to_thread.run_sync(self._check_and_serve, request, content, limiter=limiter)
        if isinstance(answer, EventStream):
            return await event_response(answer, partial(self._identify, request))
        return answer

    async def _receive(self, request: Request) -> Response:
        body = self._route.body
        if isinstance(body, RawBody) and is_shorter(request, CHUNK_BYTES):
            content = await read_small(request, CHUNK_BYTES)
            return await self._in_worker(self._keep_small, request, body, content)
        call = await self._in_worker(self._admit, request)
        if isinstance(body, MultipartBody):
            upload, fields = await self._serving.receiver.multipart(request, body)
            refuse_nul(fields)  # names and media types of files are made harmless instead
            call = replace(call, upload=upload, fields=fields)
        elif isinstance(body, RawBody):
            call = replace(call, upload=await self._serving.receiver.raw(request, body))
        return await self._in_worker(self._keep, request, call)

    async def _pour(self, request: Request, body: StreamBody) -> Response:
        call = await self._in_worker(self._identify, request)
        sink = await self._in_worker(body.open, call)
        await pour(request, sink)
        return await self._in_worker(self._serve, request, replace(call, sink=sink))

    async def _in_worker(self, function: Callable[[*Given], Result], *arguments: *Given) -> Result:
        return await to_thread.run_sync(function, *arguments, limiter=self._serving.workers)

    def _check_and_serve(self, request: Request, content: bytes) -> Response | EventStream:
        call = self._read(request, content)
        if self._route.answers is EventStream:
            stream: EventStream = self._route.handler(call)
            return stream
        return self._serve(request, call, content)

    def _read(self, request: Request, content: bytes) -> Call:
        call = self._identify(request)
        body = self._route.body
        if isinstance(body, QueryBody):
            query = read_query(request.query_params, content)
            refuse_nul({"search": [text for term in query.search for text in term.alternatives]})
            return replace(call, query=query)
        if isinstance(body, JsonBody):
            given = _read_object(request, body, content)
            refuse_nul(given)
            return replace(call, body=given)
        return call

    def _admit(self, request: Request) -> Call:
        call = self._identify(request)
        if self._route.before is not None:
            self._route.before(call)
        return call

    def _identify(self, request: Request) -> Call:
        if self._route.needs is Needs.NOBODY and 401 in self._route.errors:  # it says who it is in the body
            self._serving.failures.check(address_of(request), _FAILURES)
        caller = self._serving.checks[self._route.needs](request, self._route.needed_scope)
        if self._route.needs in _LIMITED:
            self._serving.calls.take(caller.identity, "requests")
        arguments = dict(request.query_params)
        refuse_nul({name: arguments.get(name) for name in self._route.takes_arguments})
        if any("\0" in text for text in request.path_params.values()):
            raise NotFound(f"There is nothing at {request.url.path}")
        return Call(caller, request.path_params, arguments=arguments, headers=request.headers)

    def _keep_small(self, request: Request, body: RawBody, content: bytes) -> Response:
        call = self._identify(request)
        upload = self._serving.receiver.small(body, content)
        check_digest(request.headers, body, upload.writer)
        return self._keep(request, replace(call, upload=upload))

    def _keep(self, request: Request, call: Call) -> Response:
        try:
            return self._serve(request, call)
        finally:
            if call.upload is not None and call.upload.writer is not None:
                call.upload.writer.abort()  # does nothing once it is committed

    def _serve(self, request: Request, call: Call, content: bytes = b"") -> Response:
        return self._serving.repetitions.once(self._route, request, call, content, lambda: self._respond(request, call))

    def _respond(self, request: Request, call: Call) -> Response:
        answer = self._route.handler(call)
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, Download):
            return download_response(answer, self._serving.storage, request)
        if isinstance(answer, ProxiedDownload):
            return through_response(answer, request, self._serving.waiting)
        if not isinstance(answer, Answer):
            answer = Answer(answer)
        status = answer.status or self._route.status
        if self._route.answers is None:
            return Response(None, status, answer.headers)
        return Response(msgspec.json.encode(answer.body), status, answer.headers, "application/json")


def _read_object(request: Request, body: JsonBody, content: bytes) -> Mapping[str, Any]:
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    try:
        if is_form and body.form:
            values: Mapping[str, Any] = msgspec.convert(_read_form(content), body.shape, strict=False)
        else:
            values = msgspec.json.decode(content or b"{}", type=body.shape)
        return values
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body does not have the expected form: {error}") from None


def _read_form(content: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=64)
    except ValueError as error:
        raise BadRequest(f"The form cannot be read: {error}") from None
    return dict(pairs)
