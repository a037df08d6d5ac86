"""Endpoints: serve one request to one route, from its credential to the response."""

from asyncio import CancelledError, sleep
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, TypeVar, TypeVarTuple, cast

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from voxel51.server.downloads import Download, ProxiedDownload
from voxel51.server.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Lost,
    NotFound,
    ServiceError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from voxel51.server.http.access import Access, Authenticator, IdentifiedCaller
from voxel51.server.http.bodies import Form, JsonBody, MultipartBody, NoBody, QueryBody, RawBody, StreamBody, Upload
from voxel51.server.http.body_blocks import announced_length
from voxel51.server.http.compute_queue import ComputeQueue
from voxel51.server.http.context import RequestContext
from voxel51.server.http.decoding import decode_json, reject_nul
from voxel51.server.http.downloads import download_response
from voxel51.server.http.errors import accepts_html, error_page_redirect, response_to
from voxel51.server.http.event_streams import event_response
from voxel51.server.http.idempotency import IdempotencyStore, fingerprint
from voxel51.server.http.proxying import proxy_response
from voxel51.server.http.query import read_query
from voxel51.server.http.rate_limits import LONGEST_PAUSE_SECONDS, Pacer, RateLimiter, client_network
from voxel51.server.http.receiving import is_shorter, read_body, stream_body
from voxel51.server.http.replies import EventStream, JsonReply
from voxel51.server.http.route import Route
from voxel51.server.http.uploads import UploadReceiver
from voxel51.server.storage.storage import CHUNK_BYTES, Storage
from voxel51.server.tracing.requests import RequestTracer
from voxel51.wire.headers import IDEMPOTENCY_KEY

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

_UNAUTHENTICATED_BODY_BYTES = 64 * 1024
"""A longer body is read only after its sender has authenticated."""

_PACED_BYTES = 64 * 1024
"""Bytes of a body that count as one more request of a caller whose requests are paced: to parse and to keep them in
the database costs as much."""

_TRACE_PARENT = "traceparent"
_CLIENT_CLOSED_REQUEST = 499
_FAILURES = "failed authentication attempts"
_DELAY_SECONDS = 1.0
"""Time until an address with too many failures gets its refusal. Refusals at full speed would occupy the event loop,
which all other users need; a waiting refusal needs nothing but memory."""

_REFUSALS = (BadRequest, Unauthenticated, Forbidden, NotFound, Conflict, TooManyRequests)
"""Refusals for which the sender is responsible."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Objects that all endpoints share.

    Attributes:
        authenticators: one for each kind of access.
        reads_at_once: whether short queries wait for nothing now, so that the event loop may run them
            (`Route.at_once`).
        storage: from which downloads are sent.
        receiver: of uploads.
        idempotency: answers to requests that may be repeated.
        workers: bounds the requests that are served at once; others queue.
        waiting: bounds the threads that wait for other hosts.
        compute_queue: runs what needs much processor time.
        request_limiter: requests of one caller.
        failure_limiter: failed authentications from one network.
        pacer: requests of one attempt at a job.
        body_limit_bytes: of bodies that are not files.
        body_limit_seconds: until such a body must have arrived.
        tracer: records a span of each request; None: traces are off.
        observe: called in the event loop for each request, with its method, the path of its route, the status of the
            response, and the seconds until the response began.
    """

    authenticators: Mapping[Access[Any], Authenticator]  # of callers of any type
    reads_at_once: Callable[[], bool]
    storage: Storage
    receiver: UploadReceiver
    idempotency: IdempotencyStore
    workers: CapacityLimiter
    waiting: CapacityLimiter
    compute_queue: ComputeQueue
    request_limiter: RateLimiter
    failure_limiter: RateLimiter
    pacer: Pacer
    body_limit_bytes: int
    body_limit_seconds: float
    observe: Callable[[str, str, int, float], None]
    tracer: RequestTracer | None = None


@dataclass(frozen=True, slots=True)
class _ReadRequest:
    """A request whose caller is known and whose body was read. ``content`` is empty for files, which are hashed
    while they arrive. ``computed`` has the result of the route's `Route.compute`, if it has one."""

    request: Request
    context: RequestContext[object]
    body: object = None
    content: bytes = b""
    computed: tuple[object, ...] = ()


class Endpoint:
    """Serves one route."""

    def __init__(self, route: Route, dependencies: Dependencies) -> None:
        self._route = route
        self._deps = dependencies
        self._authenticator = dependencies.authenticators[route.policy.access]
        self._scopes, self._counts_refusals = route.required_scopes, route.counts_refusals
        self._name = f"{route.method} {route.path}"

    async def __call__(self, request: Request) -> Response:
        """Return the response. Failures of any kind become responses too."""
        tracer = self._deps.tracer
        if tracer is None:
            return await self._answer(request)
        sender = request.headers.get(_TRACE_PARENT)
        return await tracer.follow(self._name, sender, self._answer(request), lambda answer: answer.status_code)

    async def _answer(self, request: Request) -> Response:
        begun = perf_counter()
        response = await self._respond_or_refuse(request)
        refusal_page = self._route.policy.refusal_page
        if refusal_page is not None and response.status_code >= 400 and accepts_html(request):
            response = error_page_redirect(refusal_page, response)
        if self._route.headers.always:
            response.headers.update(self._route.headers.always)
        self._deps.observe(self._route.method, self._route.path, response.status_code, perf_counter() - begun)
        return response

    async def _respond_or_refuse(self, request: Request) -> Response:
        try:
            return await self._respond(request)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_CLOSED_REQUEST)
        except CancelledError:  # raised only when the server stops and its grace period is over
            return response_to(Unavailable("The platform is stopping; try again in a moment"), request)
        except _REFUSALS as error:
            is_counted = isinstance(error, Unauthenticated) or self._counts_refusals
            return response_to(await self._count_failure(request, error) if is_counted else error, request)
        except Exception as error:
            return response_to(error, request)

    async def _count_failure(self, request: Request, error: ServiceError) -> ServiceError:
        """Return the error to answer with: ``error`` itself, or `TooManyRequests` after too many failures."""
        try:
            self._deps.failure_limiter.take(client_network(request), _FAILURES)
        except TooManyRequests as too_many:
            await sleep(_DELAY_SECONDS)
            return too_many
        return error

    async def _respond(self, request: Request) -> Response:
        """Dispatch by the kind of body: streams and files are read in the event loop, most else is done in a worker."""
        body = self._route.body
        if self._authenticator.paced is not None and (caller := self._authenticator.paced(request)) is not None:
            await self._pace(caller, request)
        if self._counts_refusals:  # before anything is read or looked up
            self._deps.failure_limiter.check(client_network(request), _FAILURES)
        if isinstance(body, StreamBody):
            return await self._receive_stream(request, body)
        if isinstance(body, MultipartBody | RawBody):
            return await self._receive_file(request, body)
        if self._route.at_once is not None and self._deps.reads_at_once():
            return await self._respond_at_once(self._route.at_once, request)
        content = b""
        if not isinstance(body, NoBody):
            if not is_shorter(request, _UNAUTHENTICATED_BODY_BYTES):
                await self._in_worker(self._authenticate, request)
            content = await self._read_body(request, self._deps.body_limit_bytes)
        return await self._respond_in_worker(request, content)

    async def _pace(self, caller: str, request: Request) -> None:
        """Wait until the request of a paced caller may be served. Its body is not read before.

        Raises:
            TooManyRequests: too many of its requests wait already.
        """
        try:
            await sleep(self._deps.pacer.pause(caller, self._cost(request)))
        except TooManyRequests:
            await sleep(LONGEST_PAUSE_SECONDS)  # refusals at full speed would occupy the event loop, too
            raise

    def _cost(self, request: Request) -> float:
        """Return the requests as which a request counts. Files are not counted by their bytes: outputs may be large."""
        body = self._route.body
        is_in_memory = isinstance(body, JsonBody) or (isinstance(body, RawBody) and body.folder is None)
        if not is_in_memory:
            return self._route.policy.cost
        limit = body.memory_limit_bytes if isinstance(body, RawBody) else self._deps.body_limit_bytes
        announced = announced_length(request)
        return self._route.policy.cost + (limit if announced is None else min(limit, announced)) / _PACED_BYTES

    async def _respond_in_worker(self, request: Request, content: bytes) -> Response:
        if self._route.prepare is not None:
            read = await self._in_worker(self._read, request, content)
            prepare = partial(self._call, self._route.prepare, read)
            await to_thread.run_sync(prepare, limiter=self._deps.waiting)
            return await self._in_worker(self._serve, read)
        if self._route.compute is not None:
            read = await self._in_worker(self._read, request, content)
            compute = await self._in_worker(self._call, self._route.compute, read)
            computed = await self._deps.compute_queue.run(client_network(request), compute)
            return await self._in_worker(self._serve, replace(read, computed=(computed,)))
        limiter = self._deps.waiting if self._route.policy.calls_other_hosts else self._deps.workers
        response = await to_thread.run_sync(self._read_and_serve, request, content, limiter=limiter)
        if isinstance(response, EventStream):
            return await event_response(response, partial(self._authenticate, request))
        return response

    async def _respond_at_once(self, at_once: Callable[..., object], request: Request) -> Response:
        caller = self._authenticator.recall(request, self._scopes)
        if caller is None:
            return await self._respond_in_worker(request, b"")
        read = _ReadRequest(request, self._context(request, caller))
        result = self._call(at_once, read)
        return await self._in_worker(self._serve, read) if result is None else self._json_response(result)

    async def _read_body(self, request: Request, limit_bytes: int) -> bytes:
        return await read_body(request, limit_bytes, self._deps.body_limit_seconds)

    async def _receive_file(self, request: Request, body: MultipartBody | RawBody) -> Response:
        if isinstance(body, RawBody) and is_shorter(request, CHUNK_BYTES):
            content = await self._read_body(request, CHUNK_BYTES)
            return await self._in_worker(self._serve_small_file, request, body, content)
        context = await self._in_worker(self._admit, request)
        received: Form | Upload
        if isinstance(body, MultipartBody):
            received = await self._deps.receiver.multipart(request, body)
            reject_nul(received.fields)  # names and media types of files are sanitized by the services instead
        else:
            received = await self._deps.receiver.raw(request, body)
        read = _ReadRequest(request, context, received)
        if self._route.prepare is not None:
            await to_thread.run_sync(self._prepare_file, read, limiter=self._deps.waiting)
        return await self._in_worker(self._serve_file, read)

    async def _receive_stream(self, request: Request, body: StreamBody[Any, object]) -> Response:
        context = await self._in_worker(self._authenticate, request)
        sink = await self._in_worker(body.open, context)
        await stream_body(request, sink)
        return await self._in_worker(self._serve, _ReadRequest(request, context, sink))

    async def _in_worker(self, function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        return await to_thread.run_sync(function, *arguments, limiter=self._deps.workers)

    def _read_and_serve(self, request: Request, content: bytes) -> Response | EventStream:
        read = self._read(request, content)
        if self._route.answers is EventStream:
            stream = self._call(self._route.handler, read)
            assert isinstance(stream, EventStream)  # noqa: S101  (the route declares it)
            return stream
        return self._serve(read)

    def _read(self, request: Request, content: bytes) -> _ReadRequest:
        context = self._authenticate(request)
        body = self._route.body
        if isinstance(body, QueryBody):
            query = read_query(request.query_params, content)
            reject_nul({"search": [text for term in query.search for text in term.alternatives]})
            return _ReadRequest(request, context, query, content)
        if isinstance(body, JsonBody):
            decoded = decode_json(request, body, content)
            reject_nul(decoded)
            return _ReadRequest(request, context, decoded, content)
        return _ReadRequest(request, context, None, content)

    def _admit(self, request: Request) -> RequestContext[object]:
        context = self._authenticate(request)
        if self._route.policy.before_body is not None:
            self._route.policy.before_body(context)
        return context

    def _authenticate(self, request: Request) -> RequestContext[object]:
        return self._context(request, self._authenticator.check(request, self._scopes))

    def _context(self, request: Request, caller: object) -> RequestContext[object]:
        """Count the request of an authenticated caller, and return what its handler sees of it."""
        if self._route.policy.access.is_rate_limited:
            self._deps.request_limiter.take(_identity(caller), "requests")
        query_params = dict(request.query_params) if request.scope["query_string"] else {}
        reject_nul({name: query_params.get(name) for name in self._route.parameters})
        if "\0" in request.scope["path"]:
            raise NotFound(f"Not found: {request.url.path}")
        return RequestContext(caller, request.path_params, query_params, request.headers)

    def _serve_small_file(self, request: Request, body: RawBody, content: bytes) -> Response:
        context = self._authenticate(request)
        return self._serve_file(_ReadRequest(request, context, self._deps.receiver.small(request, body, content)))

    def _prepare_file(self, read: _ReadRequest) -> None:
        assert self._route.prepare is not None  # noqa: S101  (the caller has checked it)
        try:
            self._call(self._route.prepare, read)
        except BaseException:
            _abort_file(read)
            raise

    def _serve_file(self, read: _ReadRequest) -> Response:
        try:
            return self._serve(read)
        finally:
            _abort_file(read)

    def _serve(self, read: _ReadRequest) -> Response:
        key = read.request.headers.get(IDEMPOTENCY_KEY)
        if key is None or not self._route.takes_idempotency_key:
            return self._run_handler(read)
        return self._deps.idempotency.run_once(
            _identity(read.context.caller),
            key,
            fingerprint(read.request, read.content, read.body),
            lambda: self._run_handler(read),
            has_secret=self._route.policy.has_secret,
        )

    def _run_handler(self, read: _ReadRequest) -> Response:
        result = self._call(self._route.handler, read)
        if isinstance(result, Download):
            try:
                return download_response(result, self._deps.storage, read.request)
            except Lost:
                # The record may have been deleted since the handler read it: then the handler refuses the request.
                result = self._call(self._route.handler, read)
        if isinstance(result, Download):
            return download_response(result, self._deps.storage, read.request)
        if isinstance(result, Response):
            return result
        if isinstance(result, ProxiedDownload):
            return proxy_response(result, read.request, self._deps.waiting)
        return self._json_response(result)

    def _json_response(self, result: object) -> Response:
        reply = result if isinstance(result, JsonReply) else JsonReply(result)
        status = reply.status or self._route.status
        if self._route.answers is None:
            return Response(None, status, reply.headers)
        return Response(msgspec.json.encode(reply.body), status, reply.headers, "application/json")

    def _call(self, function: Callable[..., Result], read: _ReadRequest) -> Result:
        body = () if isinstance(self._route.body, NoBody) else (read.body,)
        return function(read.context, *body, *read.computed)


def _abort_file(read: _ReadRequest) -> None:
    """Discard the file of a request, unless the handler has committed it."""
    upload = read.body.upload if isinstance(read.body, Form) else read.body
    if isinstance(upload, Upload) and upload.writer is not None:
        upload.writer.abort()


def _identity(caller: object) -> str:
    # Every access but `ANYONE` and links has such a caller. To check it takes longer than to authenticate the caller.
    return cast("IdentifiedCaller", caller).identity
