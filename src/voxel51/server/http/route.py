"""Routes: the table rows from which requests are served and the API is described.

A route says how it is called and what it answers; its `Policy` says who may call it and under which conditions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypedDict, TypeVar, Unpack, overload

from voxel51.server.http.access import ANYONE, SIGNED_LINK, Access
from voxel51.server.http.bodies import NO_BODY, Body
from voxel51.server.http.context import RequestContext
from voxel51.server.parameters import QueryParameter
from voxel51.wire.accounts import Scope

CallerT = TypeVar("CallerT")
BodyT = TypeVar("BodyT")
ComputedT = TypeVar("ComputedT")

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Policy(Generic[CallerT]):
    """Conditions under which a route is served.

    Attributes:
        access: the kind of credential that is required.
        scope: that the credential must include. None: `Scope.READ` for safe methods, else `Scope.MANAGE`.
        further_scopes: that the credential must include too, because the route passes on what they protect.
        before_body: runs before a body is read, to reject a large upload early.
        calls_other_hosts: whether the handler itself waits for other hosts. It then runs in the pool of threads
            for waiting, so that slow hosts do not hold up other requests.
        has_secret: whether the answer contains a secret. Such an answer is not kept for repeated requests.
        cost: requests as which one counts where the requests of a caller are paced, the bytes of its body excluded.
        refusal_page: path of the console page that shows browsers why they were refused; programs get the error.
    """

    access: Access[CallerT]
    scope: Scope | None = None
    further_scopes: tuple[Scope, ...] = ()
    before_body: Callable[[RequestContext[CallerT]], None] | None = None
    calls_other_hosts: bool = False
    has_secret: bool = False
    refusal_page: str | None = None
    cost: float = 1.0


@dataclass(frozen=True, slots=True)
class RequestHeader:
    """A header that callers may send, for the API description. ``pattern`` is a regular expression."""

    description: str
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Headers:
    """Headers of a route, by name.

    Attributes:
        request: that callers may send.
        response: of successful answers, each with its description.
        always: sent with every answer, errors included.
    """

    request: Mapping[str, RequestHeader] = field(default_factory=dict)
    response: Mapping[str, str] = field(default_factory=dict)
    always: Mapping[str, str] = field(default_factory=dict)


class RouteDetails(TypedDict, total=False):
    """Optional fields of a `Route`, as keyword arguments."""

    answers: object
    more_answers: Mapping[int, object]
    status: int
    errors: tuple[int, ...]
    parameters: Mapping[str, QueryParameter]
    headers: Headers


@dataclass(frozen=True, slots=True)
class Route:
    """One route. Made by `route`, whose types fit handler, policy and body together.

    Attributes:
        method: in upper case.
        path: below the version prefix, with ``{placeholders}``.
        handler: called in a worker thread with the context and, if the route has one, the decoded body. Returns
            the JSON body of the answer, or one of `voxel51.server.http.replies`.
        summary: for the API description.
        policy: who may call it.
        body: kind of request body.
        prepare: called like the handler, before it and outside its transaction. May wait for other hosts, and may
            complete the body.
        at_once: called like the handler, in the event loop and instead of it, where short queries wait for nothing
            (`Dependencies.reads_at_once`) and the caller is known. Answers within a millisecond, or returns None, and
            then the handler is called in a worker thread.
        compute: called like the handler, before it and outside its transaction. Checks the request and returns a
            function that needs much processor time; the compute queue runs that, and the handler gets its result as
            a further argument.
        answers: shape of the success answer; `FileReply`, `EventStream`, or None for an empty one.
        more_answers: shapes of other successes, by status.
        status: of success.
        errors: statuses besides those that follow from policy and body.
        parameters: query parameters, by name.
        headers: request and response headers.
    """

    method: str
    path: str
    handler: Callable[..., object]
    summary: str
    policy: Policy[Any]  # routes with different callers share one table
    body: Body[Any] = NO_BODY
    prepare: Callable[..., None] | None = None
    compute: Callable[..., Callable[[], object]] | None = None
    at_once: Callable[..., object] | None = None
    answers: object = None
    more_answers: Mapping[int, object] = field(default_factory=dict)
    status: int = 200
    errors: tuple[int, ...] = ()
    parameters: Mapping[str, QueryParameter] = field(default_factory=dict)
    headers: Headers = field(default_factory=Headers)

    @property
    def required_scopes(self) -> tuple[Scope, ...]:
        """Return the scopes that the credential must include; there is at least one."""
        scope = self.policy.scope or (Scope.READ if self.method in _SAFE_METHODS else Scope.MANAGE)
        return (scope, *self.policy.further_scopes)

    @property
    def takes_idempotency_key(self) -> bool:
        """Whether requests can be repeated by key: those that create something, by an identified caller."""
        return self.method == "POST" and self.policy.access not in {ANYONE, SIGNED_LINK}

    @property
    def counts_refusals(self) -> bool:
        """Whether each refusal counts against the sender's address: anyone may send secrets to try or to hash."""
        return self.policy.access == ANYONE and (401 in self.errors or self.compute is not None)


@overload
def route(
    method: str,
    path: str,
    handler: Callable[[RequestContext[CallerT]], object],
    summary: str,
    policy: Policy[CallerT],
    *,
    prepare: Callable[[RequestContext[CallerT]], None] | None = None,
    at_once: Callable[[RequestContext[CallerT]], object] | None = None,
    **details: Unpack[RouteDetails],
) -> Route: ...


@overload
def route(
    method: str,
    path: str,
    handler: Callable[[RequestContext[CallerT], BodyT], object],
    summary: str,
    policy: Policy[CallerT],
    body: Body[BodyT],
    *,
    prepare: Callable[[RequestContext[CallerT], BodyT], None] | None = None,
    **details: Unpack[RouteDetails],
) -> Route: ...


@overload
def route(
    method: str,
    path: str,
    handler: Callable[[RequestContext[CallerT], BodyT, ComputedT], object],
    summary: str,
    policy: Policy[CallerT],
    body: Body[BodyT],
    *,
    compute: Callable[[RequestContext[CallerT], BodyT], Callable[[], ComputedT]],
    **details: Unpack[RouteDetails],
) -> Route: ...


def route(
    method: str,
    path: str,
    handler: Callable[..., object],
    summary: str,
    policy: Policy[CallerT],
    body: Body[Any] = NO_BODY,
    *,
    prepare: Callable[..., None] | None = None,
    compute: Callable[..., Callable[[], object]] | None = None,
    at_once: Callable[..., object] | None = None,
    **details: Unpack[RouteDetails],
) -> Route:
    """Return a route. Type checkers compare the handler's parameters with the policy's caller and the body's value."""
    return Route(method, path, handler, summary, policy, body, prepare, compute, at_once, **details)


def with_default_scope(scope: Scope, routes: Iterable[Route]) -> Iterator[Route]:
    """Yield the routes; those with unsafe methods and no scope of their own require ``scope``."""
    for each in routes:
        is_settled = each.policy.scope is not None or each.method in _SAFE_METHODS
        yield each if is_settled else replace(each, policy=replace(each.policy, scope=scope))
