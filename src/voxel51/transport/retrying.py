"""Retries: which requests are sent again after a failure, and when."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from voxel51.transport.cancellation import Cancellation
from voxel51.transport.errors import CannotConnect, ConnectionFailed
from voxel51.transport.messages import BufferedResponse, Request, Response, ResponseSink
from voxel51.transport.sender import HttpSender
from voxel51.wire.backoff import Backoff

TEMPORARY_STATUSES = frozenset({429, 502, 503, 504})
"""Too many requests, and the statuses of a server that is away for a moment."""

_BACKOFF = Backoff(first_seconds=0.2, longest_seconds=5.0, jitter=0.5)
_SHORTEST_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The limits of retries.

    Attributes:
        attempts: the first included.
        backoff: the pauses between them.
        total_seconds: the time after which no other attempt begins. A request's own limit counts where it is shorter.
    """

    attempts: int = 5
    backoff: Backoff = _BACKOFF
    total_seconds: float = 30.0


class Attempts:
    """The attempts at one request: decides on each, and neither sends nor sleeps."""

    def __init__(self, policy: RetryPolicy, request: Request) -> None:
        self._policy = policy
        self._request = request
        self._failed = 0
        limit, now = request.timeout_seconds, time.monotonic()
        self._last_start = now + (policy.total_seconds if limit is None else min(limit, policy.total_seconds))
        self._end = None if limit is None else now + limit

    def request(self) -> Request:
        """Return the request for the next attempt. If it has a time limit, that is reduced to the remaining time."""
        if self._end is None:
            return self._request
        return replace(self._request, timeout_seconds=max(self._end - time.monotonic(), _SHORTEST_SECONDS))

    def pause_after_failure(self, error: ConnectionFailed) -> float | None:
        """Return the seconds to wait before the next attempt; None when ``error`` is final."""
        if not self._request.repeatable and not isinstance(error, CannotConnect):
            return None
        return self._pause(0.0)

    def pause_after_response(self, status: int, headers: Mapping[str, str]) -> float | None:
        """Return the seconds to wait before the next attempt; None when the response is final."""
        if status not in TEMPORARY_STATUSES or not self._request.repeatable:
            return None
        return self._pause(seconds_of(headers.get("retry-after")))

    def _pause(self, at_least_seconds: float) -> float | None:
        pause = max(self._policy.backoff.seconds(self._failed), at_least_seconds)
        self._failed += 1
        if self._failed >= self._policy.attempts or time.monotonic() + pause >= self._last_start:
            return None
        return pause


class RetryingSender:
    """Sends requests again where that is useful and safe: repeatable ones, and any that reached no server."""

    def __init__(self, sender: HttpSender, policy: RetryPolicy | None = None) -> None:
        self._sender = sender
        self._policy = policy or RetryPolicy()

    def fetch(self, request: Request, cancellation: Cancellation | None = None) -> BufferedResponse:
        """Return the response with its body, which should be small. A body that breaks off is fetched again."""
        attempts = Attempts(self._policy, request)
        while True:
            try:
                response = self._sender.fetch(attempts.request(), cancellation)
            except ConnectionFailed as error:
                pause = attempts.pause_after_failure(error)
                if pause is None or not _wait(pause, cancellation):
                    raise
            else:
                pause = attempts.pause_after_response(response.status, response.headers)
                if pause is None or not _wait(pause, cancellation):
                    return response

    def receive(
        self,
        request: Request,
        check: Callable[[Response], None],
        into: ResponseSink,
        cancellation: Cancellation | None = None,
    ) -> None:
        """Put the response into ``into`` as it comes. The request is sent once: the caller knows what a cut means.

        ``check`` gets the response first, to raise if it is not a success.
        """
        with self._sender.send(request, cancellation) as response:
            check(response)
            into.begin(response.status, response.headers)
            for chunk in response.chunks():
                into.take(chunk)

    def attempt(self, request: Request, cancellation: Cancellation | None = None) -> BufferedResponse:
        """Return the response of one attempt, with its body, which should be small."""
        return self._sender.fetch(request, cancellation)

    def close(self) -> None:
        """Close every connection. A later request opens a new one."""
        self._sender.close()


def _wait(seconds: float, cancellation: Cancellation | None) -> bool:
    """Wait; return False if the call was cancelled meanwhile."""
    if cancellation is not None:
        return not cancellation.wait(seconds)
    time.sleep(seconds)
    return True


def seconds_of(retry_after: str | None) -> float:
    """Return the seconds that a ``Retry-After`` header asks for, by number or date; 0 where it is absent or invalid."""
    if retry_after is None:
        return 0.0
    try:
        return max(float(retry_after), 0.0)
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  (20 ms to import, and hardly ever needed)

    try:
        return max((parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0
