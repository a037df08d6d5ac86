"""Flows: logic of several requests, written once for every way of sending.

A flow is a generator. It yields what it wants done, is sent what came of it, and has errors raised where it stands;
what it returns is its result. `run` drives one over a sync sender; an async driver awaits the same actions.
"""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from voxel51.transport.messages import Answer
from voxel51.users.calls.call import Call

Result = TypeVar("Result")


class Receiver(Protocol):
    """Takes an answer that is too large for memory."""

    def begin(self, answer: Answer) -> None:
        """The status is good, and the headers are there."""

    def take(self, chunk: bytes) -> None:
        """The next piece of the body."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Make a call; gives its result."""

    call: Call[Any]


@dataclass(frozen=True, slots=True)
class Receive:
    """Make a call whose answer goes into ``into`` as it comes. It is made once: the flow decides what a cut means."""

    call: Call[Any]
    into: Receiver


@dataclass(frozen=True, slots=True)
class Pause:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Call something that takes its time and waits for no network; gives what it returns."""

    function: Callable[[], Any]


Action = Fetch | Receive | Pause | Work
Flow = Generator[Action, Any, Result]


class Requests(Protocol):
    """What a sync client can do for a flow."""

    def fetch(self, call: Call[Any]) -> Any:
        """The result of ``call``."""

    def receive(self, call: Call[Any], into: Receiver) -> None:
        """The answer of ``call``, piece by piece."""


def run(flow: Flow[Result], requests: Requests) -> Result:
    """What ``flow`` returns."""
    try:
        action = next(flow)
        while True:
            try:
                outcome = _act(action, requests)
            except BaseException as error:
                action = flow.throw(error)
            else:
                action = flow.send(outcome)
    except StopIteration as end:
        result: Result = end.value
        return result


def _act(action: Action, requests: Requests) -> Any:
    match action:
        case Fetch(call):
            return requests.fetch(call)
        case Receive(call, into):
            return requests.receive(call, into)
        case Pause(seconds):
            return time.sleep(seconds)
        case Work(function):
            return function()
