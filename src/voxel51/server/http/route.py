"""What a route is, and what its handler gets and gives."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Protocol

from voxel51.server.database.search import Listing, Query
from voxel51.server.parameters import FormField, QueryParameter
from voxel51.server.storage.storage import Writer
from voxel51.wire.accounts import Scope

_READING = {"GET", "HEAD", "OPTIONS"}


class Needs(Enum):
    """What credential a route asks for. `app` says how each is checked."""

    NOBODY = "nobody"  # anybody may call it
    USER = "user"  # a user's token, or an application's that acts for one of its users
    APPLICATION = "application"  # an application's token
    CALLER = "caller"  # either of the two, as `Caller`
    AGENT = "agent"  # the credential of an attempt at the job that the path names
    LINK = "link"  # a signature in the query


@dataclass(frozen=True, slots=True)
class NoBody:
    """A route that reads no body; one that comes is ignored, as old clients send empty ones."""


@dataclass(frozen=True, slots=True)
class QueryBody:
    """A route that takes a query (`voxel51.wire.query`) from its query string or a JSON body, even on GET."""

    listing: Listing


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A route that takes a JSON object of the given shape; ``form`` ones come as form fields too."""

    shape: Any
    form: bool = False


class Inspector(Protocol):
    """Looks at a file while it arrives, in worker threads. It refuses one by raising from `voxel51.server.errors`."""

    def feed(self, chunk: bytes | bytearray) -> None:
        """Look at the next piece."""

    def finish(self) -> None:
        """There are no more."""


@dataclass(frozen=True, slots=True)
class MultipartBody:
    """A route that takes a file and text fields as multipart/form-data, the file streamed into storage.

    ``fields`` maps a field's name to what it is; others are ignored. A file goes into ``folder`` of
    the storage, or, where that is None, into memory (`memory_limit_bytes`).
    """

    fields: Mapping[str, FormField]
    folder: str | None
    memory_limit_bytes: int = 1024 * 1024
    inspector: "Callable[[], Inspector] | None" = None


@dataclass(frozen=True, slots=True)
class RawBody:
    """A route that takes its whole body as a file: into ``folder`` of the storage, or into memory where None.

    ``is_whole`` is false where it may be a part of what a ``Repr-Digest`` speaks of.
    """

    folder: str | None
    memory_limit_bytes: int = 8 * 1024 * 1024
    media_type: str = "application/octet-stream"
    is_whole: bool = True


class Sink(Protocol):
    """Takes a body piece by piece, in worker threads. Every one that was opened is closed, however its body ends."""

    def write(self, chunk: bytes | bytearray) -> None:
        """Take the next piece."""

    def close(self, complete: bool) -> None:
        """No more will come: the body is ``complete``, or its sender is gone. What was written may be kept."""


@dataclass(frozen=True, slots=True)
class StreamBody:
    """A route that takes its body into a sink of its own, which ``open`` makes once the caller is known.

    ``media_type`` is what the description says.
    """

    open: "Callable[[Call], Sink]"
    media_type: str


Body = NoBody | QueryBody | JsonBody | MultipartBody | RawBody | StreamBody


@dataclass(slots=True)
class Upload:
    """A file that came. Either ``content`` or ``writer`` is set, as the route's body says.

    A writer that the handler does not commit is aborted when the request ends. ``inspector`` is what looked at the
    file, as the route's body made it.
    """

    filename: str
    media_type: str | None
    content: bytes = b""
    writer: Writer | None = None
    inspector: Any = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as its handler sees it.

    Attributes:
        caller: whoever the credential stands for, as `app`'s check returned it; None where none is needed.
        path: values of the path's placeholders.
        query: for a route with a `QueryBody`.
        arguments: first value of every key of the query string.
        body: the decoded JSON or form object, for a route with a `JsonBody`.
        fields: text fields, for a route with a `MultipartBody`.
        upload: the file, where one came.
        headers: of the request; names in any case.
        sink: for a route with a `StreamBody`: what its ``open`` made, with the whole body in it, and closed.
    """

    caller: Any
    path: Mapping[str, str]
    query: Query = field(default_factory=Query)
    arguments: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sink: Any = None


@dataclass(frozen=True, slots=True)
class Header:
    """What callers may say in a header: a line that describes it, and what it looks like."""

    description: str
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has headers or a status of its own; without ``status`` it has the route's."""

    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One message of an event stream. ``data`` goes out as JSON."""

    id: int
    name: str
    data: Any


@dataclass(frozen=True, slots=True)
class EventStream:
    """An answer that goes on: Server-Sent Events, from what ``begin`` opens in the event loop; None is a sign of life.

    ``begin`` may raise one of `voxel51.server.errors`; what it opened is closed when the caller is gone.
    """

    begin: Callable[[], Awaitable[AsyncGenerator[ServerSentEvent | None, None]]]


class Bytes:
    """Marks a route whose answer is a file, in the place of its answer's shape."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route: what it is called with, what it needs, what it answers.

    Attributes:
        path: below the version prefix, with ``{placeholders}``.
        handler: runs in a worker thread; what it returns becomes the answer, an `Answer` with its headers.
        summary: what the caller gains, for the API description.
        answers: shape of the success answer, `Bytes` for a file, `EventStream` for a stream, None for an empty body.
        more_answers: shapes of other successes, by status.
        errors: statuses beside the ones that follow from ``needs`` and ``body``.
        tells_secret: whether the answer has a secret in it, which is not kept for a repetition of the request.
        takes_arguments: what callers may say in the query string, by name.
        takes_headers: what callers may say in headers, by name.
        answer_headers: what a success says in headers, name -> a line that describes it.
        always: headers of every answer, errors too.
        look_outside: called with the request, its body read, before it is served. It may ask other hosts, such as
            name servers, and so runs where it holds up neither other requests nor a transaction; what it found out may
            be added to the body.
        asks_outside: whether the handler itself asks other hosts; it then runs beside the requests that do not.
        before: called before a body is read, so that gigabytes are not taken in vain.
        refusal_page: path of the page at which browsers are told why they are refused; programs get the error itself.
        scope: what the credential must be good for; None: to read for what changes nothing, else to manage.
    """

    method: str
    path: str
    handler: Callable[[Call], Any]
    summary: str
    needs: Needs = Needs.USER
    body: Body = NoBody()
    answers: Any = None
    more_answers: Mapping[int, Any] = field(default_factory=dict)
    status: int = 200
    errors: tuple[int, ...] = ()
    tells_secret: bool = False
    takes_arguments: Mapping[str, QueryParameter] = field(default_factory=dict)
    takes_headers: Mapping[str, Header] = field(default_factory=dict)
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    always: Mapping[str, str] = field(default_factory=dict)
    look_outside: Callable[[Call], None] | None = None
    asks_outside: bool = False
    before: Callable[[Call], None] | None = None
    refusal_page: str | None = None
    scope: Scope | None = None

    @property
    def needed_scope(self) -> Scope:
        """What the credential must be good for."""
        return self.scope or (Scope.READ if self.method in _READING else Scope.MANAGE)


def changing(scope: Scope, routes: Iterable[Route]) -> Iterator[Route]:
    """The same routes; those that change something, and say nothing of their own, need ``scope``."""
    for route in routes:
        yield route if route.scope or route.method in _READING else replace(route, scope=scope)
