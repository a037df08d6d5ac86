"""Requests to other people's hosts: reading a file as a stream, and telling somebody something.

Nothing of the environment is followed (no proxy, no netrc), no credential is sent, and nothing of a URL but its host is
ever told, since the rest may be a secret.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import h11

import voxel51
from voxel51.server.errors import BadRequest, SourceAway, SourceRefused
from voxel51.server.outbound.guard import Guard, Target
from voxel51.server.outbound.line import Line, Patience

REDIRECTS = 5
CHUNK_BYTES = 256 * 1024
_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_MAY_WORK_LATER = frozenset({408, 425, 429})
_LONGEST_HEAD_BYTES = 64 * 1024
_MOST_PRELIMINARIES = 8
"""Answers of the kind 1xx that are read before the real one."""

_FAILURES = (OSError, h11.ProtocolError)


def open_stream(guard: Guard, url: str, patience: Patience | None = None) -> "Incoming":
    """Ask for ``url`` and return once its answer has begun; the body is then read from what is returned.

    Redirects are followed, each checked as the URL itself was, except from https to http.

    Raises:
        SourceAway: the host cannot be reached, is too slow, or says that it may work later.
        SourceRefused: it leads where the platform does not go, or its answer is none that can be passed on.
    """
    target = checked(guard, url)
    for _ in range(REDIRECTS + 1):
        incoming = Incoming(target, patience or Patience())
        location = incoming.headers.get("location")
        if incoming.status not in _REDIRECT_STATUSES or location is None:
            return _usable(incoming)
        incoming.close()
        url = urljoin(f"{target.scheme}://{target.authority}{target.path}", location)
        redirected = checked(guard, url)
        if (target.scheme, redirected.scheme) == ("https", "http"):
            raise SourceRefused(f"{target.host} redirects from https to http, which is not followed")
        target = redirected
    raise SourceRefused(f"{target.host} redirects more than {REDIRECTS} times")


def post(guard: Guard, url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: float) -> tuple[int, bytes]:
    """Send ``body`` to ``url``; returns the status and the first bytes of the answer. Redirects are not followed.

    Raises:
        SourceAway: the host cannot be reached, is too slow, or speaks no HTTP.
        SourceRefused: the URL leads where the platform does not go.
    """
    patience = Patience(timeout_seconds, timeout_seconds, timeout_seconds)
    with Incoming(checked(guard, url), patience, "POST", headers, body) as incoming:
        try:
            return incoming.status, next(incoming.chunks(), b"")
        except SourceAway:
            return incoming.status, b""  # the status says what counts


class Incoming:
    """An answer whose head was read. Close it, or use it as a context manager.

    Attributes:
        headers: by lower-case name; of repeated ones the last.
        size_bytes: what the other side says that the body has; None where it does not say.

    Raises:
        SourceAway: there was no answer.
    """

    def __init__(
        self,
        target: Target,
        patience: Patience,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        self.host = target.host
        self._patience = patience
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD_BYTES)
        try:
            self._line = Line(target, patience)
        except OSError as error:
            raise SourceAway(f"{self.host} cannot be reached: {_reason(error)}") from None
        try:
            self._ask(target, method, headers or {}, body)
            answer = self._read_head()
        except _FAILURES as error:
            self.close()
            raise SourceAway(f"{self.host} gives no answer: {_reason(error)}") from None
        except BaseException:
            self.close()
            raise
        self.status = answer.status_code
        self.headers = {name.decode("ascii"): text.decode("latin-1") for name, text in answer.headers}
        size = self.headers.get("content-length", "")
        self.size_bytes = int(size) if size.isdigit() else None

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces of at most `CHUNK_BYTES`.

        Raises:
            SourceAway: it broke off, or came too slowly.
        """
        self._line.allow(self._patience.stall_seconds)
        while True:
            try:
                event = self._next_event()
            except _FAILURES as error:
                self.close()
                raise SourceAway(f"{self.host} broke off: {_reason(error)}") from None
            if isinstance(event, h11.Data):
                self._line.extend(len(event.data) / self._patience.slowest_bytes_per_second)
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return

    def close(self) -> None:
        """Hang up. Closing twice does nothing."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, target: Target, method: str, headers: Mapping[str, str], body: bytes) -> None:
        said = {
            "Host": target.authority,
            "User-Agent": f"voxel51-platform/{voxel51.__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        }
        if method != "GET":
            said["Content-Length"] = str(len(body))
        request = h11.Request(method=method, target=target.path, headers=list(said.items()))
        parts = [self._talk.send(request), self._talk.send(h11.Data(body)), self._talk.send(h11.EndOfMessage())]
        # Whoever refuses a body may answer, and hang up, before it was read; the answer says why.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._line.send(b"".join(part or b"" for part in parts))

    def _read_head(self) -> h11.Response:
        for _ in range(_MOST_PRELIMINARIES):
            event = self._next_event()
            if isinstance(event, h11.Response):
                return event
        raise h11.RemoteProtocolError("it does not come to the point")

    def _next_event(self) -> object:
        while True:
            event = self._talk.next_event()
            if event is not h11.NEED_DATA:
                return event
            self._talk.receive_data(self._line.receive(CHUNK_BYTES))


def checked(guard: Guard, url: str) -> Target:
    """Where ``url`` leads.

    Raises:
        SourceRefused: where the platform does not go.
    """
    try:
        return guard.check(url)
    except BadRequest as error:
        raise SourceRefused(str(error)) from None


def _usable(incoming: Incoming) -> Incoming:
    status, encoding = incoming.status, incoming.headers.get("content-encoding", "identity").lower()
    if status == 200 and encoding in {"identity", ""}:
        return incoming
    incoming.close()
    if status == 200:
        raise SourceRefused(
            f"{incoming.host} sends the file compressed ({encoding!r:.40}) although it was asked not to"
        )
    if status >= 500 or status in _MAY_WORK_LATER:
        raise SourceAway(f"{incoming.host} answered {status}; it may work later")
    raise SourceRefused(f"{incoming.host} answered {status} instead of the file")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it is too slow"
    if isinstance(error, h11.ProtocolError):
        return "what it says is no valid HTTP"  # its own words are not passed on
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
