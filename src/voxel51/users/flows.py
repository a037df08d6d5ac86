"""Flows: procedures of several requests, written once as generators and executed by every client, blocking or async.

A flow yields actions. The client performs each action and sends the outcome back, or throws the error into the flow.
A flow neither sends requests nor sleeps, so the client that executes it may block or await. A flow that produces a
sequence yields `Emit` for each item, and the client passes the items on as they come.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, cast

from voxel51.transport.messages import Request, ResponseSink
from voxel51.users.calls.call import Call

Result = TypeVar("Result")
Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Fetch:
    """Action: make ``call``, with the usual retries, and send its result back.

    Attributes:
        call: the call.
        timeout_seconds: the limit for all attempts together; None has no limit.
    """

    call: Call[object]
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Action: wait for ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Receive:
    """Action: make a call and stream its response into a sink. There is one attempt: the flow decides about retries.

    Attributes:
        call: the call.
        into: the sink; an exception that it raises ends the call and is thrown into the flow.
        timeout_seconds: the limit for the whole call; None has no limit.
    """

    call: Call[object]
    into: ResponseSink
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ReceiveLink:
    """Action: get a signed link of the store, without credentials, and stream the response into a sink; one attempt.

    Attributes:
        url: the link, which is a secret.
        headers: of the request.
        into: the sink, as for `Receive`.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str]
    into: ResponseSink

    def request(self) -> Request:
        """Return the request to send."""
        return Request("GET", self.url, self.headers, repeatable=True)


@dataclass(frozen=True, slots=True)
class ReceiveLinks:
    """Action: perform several `ReceiveLink` at the same time, in their order; one attempt each.

    The outcome is a list of the errors. After the first one, no other link is requested.

    Attributes:
        links: the links with their sinks, each used by one thread.
        at_once: the number of requests under way.
    """

    links: Sequence[ReceiveLink]
    at_once: int


@dataclass(frozen=True, slots=True)
class SendToStore:
    """Action: send requests to signed links of the store, without credentials, several at the same time; one attempt.

    The outcome is a list with the error of each request in order, None where it succeeded.

    Attributes:
        requests: the requests, whose URLs are secrets.
        at_once: the number of requests under way.
    """

    requests: Sequence[Request]
    at_once: int


@dataclass(frozen=True, slots=True)
class Work:
    """Action: call ``function``, which is slow and uses no network, and send its result back."""

    function: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Identify:
    """Action: send back a text that identifies the platform and the caller, without secrets."""


@dataclass(frozen=True, slots=True)
class Emit(Generic[Item_co]):
    """Hand ``item`` to the consumer of the flow. The flow resumes when the consumer asks for the next item."""

    item: Item_co


Action = Fetch | Pause | Receive | ReceiveLink | ReceiveLinks | SendToStore | Work | Identify

# The type of what a client sends back depends on the action, which generators cannot express: hence Any.
Flow = Generator[Action, Any, Result]
"""A flow that returns one result."""
EmittingFlow = Generator[Action | Emit[Item], Any, None]
"""A flow that emits a sequence of items."""


def fetch(call: Call[Result], timeout_seconds: float | None = None) -> Flow[Result]:
    """Return the result of ``call``, with its type. For ``yield from``."""
    result: Result = yield Fetch(call, timeout_seconds)
    return result


def all_emitted(flow: EmittingFlow[Item]) -> Flow[list[Item]]:
    """Return all items that ``flow`` emits."""
    found: list[Item] = []
    execution = Execution(flow)
    while execution.action is not None:
        if isinstance(execution.action, Emit):
            found.append(cast("Item", execution.action.item))
            execution.succeed(None)
            continue
        try:
            result = yield execution.action
        except Exception as error:
            execution.fail(error)
        else:
            execution.succeed(result)
    return found


def first_emitted(flow: EmittingFlow[Item]) -> Flow[Item]:
    """Return the first item that ``flow`` emits, and close the flow.

    Raises:
        LookupError: the flow ended without an item.
    """
    execution = Execution(flow)
    try:
        while execution.action is not None:
            if isinstance(execution.action, Emit):
                return cast("Item", execution.action.item)
            try:
                result = yield execution.action
            except Exception as error:
                execution.fail(error)
            else:
                execution.succeed(result)
    finally:
        execution.close()
    raise LookupError("the flow ended without emitting an item")


class Execution(Generic[Result]):
    """The execution of one flow, driven by a client. The constructor advances the flow to its first action.

    Attributes:
        action: the action to perform next; None once the flow has ended.
        result: the value that the flow returned.
    """

    action: Action | Emit[object] | None
    result: Result

    def __init__(self, flow: Generator[Action | Emit[object], Any, Result]) -> None:
        self._flow = flow
        self._advance(partial(next, flow))

    def succeed(self, outcome: object) -> None:
        """Send the outcome of the action into the flow and advance to the next action.

        Raises:
            Exception: any exception that the flow raises.
        """
        self._advance(partial(self._flow.send, outcome))

    def fail(self, error: Exception) -> None:
        """Throw the error of the action into the flow and advance to the next action.

        Raises:
            Exception: any exception that the flow raises: ``error`` itself unless the flow handles it.
        """
        self._advance(partial(self._flow.throw, error))

    def close(self) -> None:
        """Close the flow, which may still clean up."""
        self._flow.close()

    def _advance(self, step: Callable[[], Action | Emit[object]]) -> None:
        try:
            self.action = step()
        except StopIteration as end:
            self.action, self.result = None, end.value
