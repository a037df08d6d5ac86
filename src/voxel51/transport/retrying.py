"""What is tried again, and when."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from voxel51.transport.errors import CannotConnect, ConnectionFailed
from voxel51.transport.messages import Answer, Request, WholeAnswer
from voxel51.transport.pooled import PooledSender

PASSING_STATUSES = frozenset({429, 502, 503, 504})
"""Too many requests, and what stands for a server that is just not there: worth another try."""

_SHORTEST_SECONDS = 0.001

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and for how long.

    Pauses double from the first to the longest, each shortened by up to half at random, so that many clients do not
    come back at the same moment. Nothing is tried again once ``total_seconds`` have passed.
    """

    tries: int = 5
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0
    total_seconds: float = 30.0


class TryAgain(Exception):
    """The answer is to be thrown away and the request sent again after ``pause_seconds``."""

    def __init__(self, pause_seconds: float) -> None:
        super().__init__(pause_seconds)
        self.pause_seconds = pause_seconds


class Trials:
    """The attempts at one request: decides, and neither sends nor sleeps, so it serves sync and async alike."""

    def __init__(self, policy: RetryPolicy, request: Request) -> None:
        self._policy = policy
        self._repeatable = request.repeatable
        self._left = policy.tries
        self._pause_seconds = policy.first_pause_seconds
        limit, now = request.timeout_seconds, time.monotonic()
        total = policy.total_seconds if limit is None else min(limit, policy.total_seconds)
        self._deadline = now + total
        self._request = request
        self._end = None if limit is None else now + limit

    def request(self) -> Request:
        """The request for the next attempt. One with a limit gets what the attempts before have left of it."""
        if self._end is None:
            return self._request
        return replace(self._request, timeout_seconds=max(self._end - time.monotonic(), _SHORTEST_SECONDS))

    def pause_after(self, error: ConnectionFailed) -> float | None:
        """How many seconds to wait before the next attempt; None when ``error`` is final."""
        return self._pause(0.0) if self._repeatable or isinstance(error, CannotConnect) else None

    def check(self, status: int, headers: Mapping[str, str]) -> None:
        """Return when the answer is final.

        Raises:
            TryAgain: it is not.
        """
        if status in PASSING_STATUSES and self._repeatable:
            pause = self._pause(seconds_of(headers.get("retry-after")))
            if pause is not None:
                raise TryAgain(pause)

    def _pause(self, at_least_seconds: float) -> float | None:
        self._left -= 1
        pause = max(self._pause_seconds * random.uniform(0.5, 1.0), at_least_seconds)  # noqa: S311  (no secret)
        self._pause_seconds = min(self._pause_seconds * 2, self._policy.longest_pause_seconds)
        return pause if self._left > 0 and time.monotonic() + pause < self._deadline else None


class RetryingSender:
    """Sends again what is worth it and safe: repeatable requests, and any that found nobody listening."""

    def __init__(self, sender: PooledSender, policy: RetryPolicy | None = None) -> None:
        self._sender = sender
        self._policy = policy or RetryPolicy()

    def fetch(self, request: Request) -> WholeAnswer:
        """The answer with its body, which is to be small. A body that breaks off is fetched again."""

        def attempt(trials: Trials) -> WholeAnswer:
            answer = self._sender.fetch(trials.request())
            trials.check(answer.status, answer.headers)
            return answer

        return self._repeat(request, attempt)

    def open(self, request: Request) -> Answer:
        """The answer, its body not yet read. It is asked for once: what a broken body means is the caller's affair."""
        return self._sender.send(request)

    def close(self) -> None:
        """Give up every connection; a later request opens anew."""
        self._sender.close()

    def _repeat(self, request: Request, attempt: Callable[[Trials], Result]) -> Result:
        trials = Trials(self._policy, request)
        while True:
            try:
                return attempt(trials)
            except TryAgain as unsettled:
                pause_seconds = unsettled.pause_seconds
            except ConnectionFailed as error:
                pause = trials.pause_after(error)
                if pause is None:
                    raise
                pause_seconds = pause
            time.sleep(pause_seconds)


def seconds_of(retry_after: str | None) -> float:
    """What a ``Retry-After`` header asks for: seconds, or a date; 0 when it is absent or says nothing."""
    if retry_after is None:
        return 0.0
    try:
        return max(float(retry_after), 0.0)
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  (it takes 20 ms to load, and is hardly ever needed)

    try:
        return max((parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0
