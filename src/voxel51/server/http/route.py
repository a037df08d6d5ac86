"""What a route is, and what its handler gets and gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from voxel51.server.database.search import Listing, Query
from voxel51.server.storage.storage import Writer


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


@dataclass(frozen=True, slots=True)
class TextField:
    """A field of a form. ``schema`` is what JSON Schema says of its text, for the API description."""

    description: str
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MultipartBody:
    """A route that takes a file and text fields as multipart/form-data, the file streamed into storage.

    ``fields`` maps a field's name to what it is; others are ignored. A file goes into ``folder`` of
    the storage, or, where that is None, into memory (`memory_limit_bytes`).
    """

    fields: Mapping[str, TextField]
    folder: str | None
    memory_limit_bytes: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RawBody:
    """A route that takes its whole body as a file: into ``folder`` of the storage, or into memory where None."""

    folder: str | None
    memory_limit_bytes: int = 8 * 1024 * 1024


Body = NoBody | QueryBody | JsonBody | MultipartBody | RawBody


@dataclass(slots=True)
class Upload:
    """A file that came. Either ``content`` or ``writer`` is set, as the route's body says.

    A writer that the handler does not commit is aborted when the request ends.
    """

    filename: str
    media_type: str | None
    content: bytes = b""
    writer: Writer | None = None


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
    """

    caller: Any
    path: Mapping[str, str]
    query: Query = field(default_factory=Query)
    arguments: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """An answer that is a stored file, sent in chunks; ranges are honoured."""

    key: str
    filename: str
    media_type: str | None


class Bytes:
    """Marks a route whose answer is a file, in the place of its answer's shape."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route: what it is called with, what it needs, what it answers.

    Attributes:
        path: below the version prefix, with ``{placeholders}``.
        handler: runs in a worker thread; what it returns becomes the answer.
        summary: what the caller gains, for the API description.
        answers: shape of the success answer, `Bytes` for a file, None for an empty body.
        errors: statuses beside the ones that follow from ``needs`` and ``body``.
        tells_secret: whether the answer has a secret in it, which is not kept for a repetition of the request.
        before: called with the caller and the path's values before a body is read, so that gigabytes are not taken
            in vain.
    """

    method: str
    path: str
    handler: Callable[[Call], Any]
    summary: str
    needs: Needs = Needs.USER
    body: Body = NoBody()
    answers: Any = None
    status: int = 200
    errors: tuple[int, ...] = ()
    tells_secret: bool = False
    before: Callable[[Any, Mapping[str, str]], None] | None = None
