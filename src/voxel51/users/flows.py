"""Flows: what takes several requests, written once and run by every kind of client.

A flow is a generator. It yields actions, is sent what became of each (or has the error thrown into it), and returns its
result. It neither sends nor sleeps, so the client that runs it may block or await. A flow that finds things one after
the other yields `Emit` for each; a client hands them on as they come.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from voxel51.transport.messages import ResponseSink
from voxel51.users.calls.call import Call

Result = TypeVar("Result")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Fetch:
    """Make ``call``, tried again like any call; its result is sent back. ``timeout_seconds`` bounds all tries."""

    call: Call[Any]
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Let so much time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Receive:
    """Make a call whose answer goes into ``into`` as it comes. It is made once: the flow decides what a cut means.

    What ``into`` raises ends it. ``timeout_seconds`` bounds all of it.
    """

    call: Call[Any]
    into: ResponseSink
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """Call something that takes its time and waits for no network; what it returns is sent back."""

    function: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Identify:
    """Tell the platform and the caller from others: a text is sent back that says which, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Emit(Generic[Item]):
    """Hand ``item`` to whoever runs the flow; it goes on when they ask for more."""

    item: Item


Action = Fetch | Pause | Receive | Work | Identify
Flow = Generator[Action, Any, Result]
"""A flow that gives nothing on its way."""
EmittingFlow = Generator[Action | Emit[Item], Any, None]
"""A flow whose result is what it gives."""


def fetch(call: Call[Result], timeout_seconds: float | None = None) -> Flow[Result]:
    """The result of ``call``, for ``yield from``: so its type is known."""
    result: Result = yield Fetch(call, timeout_seconds)
    return result


def first_emitted(flow: EmittingFlow[Item]) -> Flow[Item]:
    """The first item that ``flow`` gives, which then ends.

    Raises:
        LookupError: it gives none.
    """
    execution = Execution(flow)
    try:
        while execution.action is not None:
            if isinstance(execution.action, Emit):
                item: Item = execution.action.item
                return item
            try:
                result = yield execution.action
            except Exception as error:
                execution.fail(error)
            else:
                execution.succeed(result)
    finally:
        execution.close()
    raise LookupError("the flow gave nothing")


class Execution(Generic[Result]):
    """A flow under way, for the client that runs it. Making one runs the flow up to its first action.

    Attributes:
        action: what the flow wants next; None once it is over.
        result: what it returned.
    """

    action: Action | Emit[Any] | None
    result: Result

    def __init__(self, flow: Generator[Any, Any, Result]) -> None:
        self._flow = flow
        self._advance(partial(next, flow))

    def succeed(self, outcome: Any) -> None:
        """Tell the flow what became of the action, and get the next one.

        Raises:
            Exception: whatever the flow raises.
        """
        self._advance(partial(self._flow.send, outcome))

    def fail(self, error: Exception) -> None:
        """Tell the flow what the action raised, and get the next one.

        Raises:
            Exception: whatever the flow raises: ``error`` itself, unless it knows what to do.
        """
        self._advance(partial(self._flow.throw, error))

    def close(self) -> None:
        """End the flow where it stands."""
        self._flow.close()

    def _advance(self, step: Callable[[], Any]) -> None:
        try:
            self.action = step()
        except StopIteration as end:
            self.action, self.result = None, end.value
