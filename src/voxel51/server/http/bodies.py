"""Request bodies: the kinds that a route may declare, and the value that each hands to the handler.

| kind | the handler's second argument |
|---|---|
| `NoBody` | none |
| `QueryBody` | `voxel51.server.database.search.Query` |
| `JsonBody` of ``T`` | ``T``, decoded and validated |
| `MultipartBody` | `Form` |
| `RawBody` | `Upload` |
| `StreamBody` of ``S`` | ``S``, which has received the whole body |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Generic, Protocol, TypeVar

from msgspec import Meta

from voxel51.server.database.search import Listing, Query
from voxel51.server.errors import BadRequest
from voxel51.server.http.context import RequestContext
from voxel51.server.parameters import FormField, Schema
from voxel51.server.storage.partial import Chunk
from voxel51.server.storage.storage import Writer

BodyT = TypeVar("BodyT")
CallerT = TypeVar("CallerT")


class Body(Generic[BodyT]):
    """Base of all kinds; ``BodyT`` is the type of the handler's second argument."""

    __slots__ = ()


class NoBody(Body[None]):
    """No body is read. One that is sent is ignored, because old clients send empty ones."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class QueryBody(Body[Query]):
    """A query (`voxel51.wire.query`), from the query string or a JSON body, even on GET."""

    listing: Listing


@dataclass(frozen=True, slots=True)
class JsonBody(Body[BodyT]):
    """A JSON object of the given shape.

    Attributes:
        shape: a TypedDict; it decides what is valid.
        form: whether form fields (``application/x-www-form-urlencoded``) are accepted too.
        schema: further JSON Schema keywords for the API description.
    """

    shape: type[BodyT]
    form: bool = False
    schema: Schema = field(default_factory=dict)

    @property
    def described_shape(self) -> object:
        """Return the shape together with the further keywords."""
        if not self.schema:
            return self.shape
        return Annotated[self.shape, Meta(title=self.shape.__name__, extra_json_schema=dict(self.schema))]


class FileInspector(Protocol):
    """Examines a file while it arrives, in worker threads. Rejects it by raising from `voxel51.server.errors`."""

    def feed(self, chunk: Chunk) -> None:
        """Examine the next piece."""

    def finish(self) -> None:
        """Examine the file as a whole, after its last piece."""


@dataclass(slots=True)
class Upload:
    """A file that was received, in memory or in the storage.

    Attributes:
        filename: as sent; empty for a `RawBody`.
        media_type: as sent, or None.
        content: the bytes, where the body keeps files in memory.
        writer: the file in the storage, where the body names a folder. Unless the handler commits it, it is
            aborted when the request ends.
        inspector: which examined the file, where the body has one.
    """

    filename: str
    media_type: str | None
    content: bytes = b""
    writer: Writer | None = None
    inspector: FileInspector | None = None

    @property
    def stored(self) -> Writer:
        """Return the writer of a file that is in the storage."""
        assert self.writer is not None  # noqa: S101  (bodies with a folder always set it)
        return self.writer


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart form: its declared text fields that were sent, and the file, which is the part named ``part``."""

    fields: Mapping[str, str]
    upload: Upload | None
    part: str = "file"

    def file(self, noun: str) -> Upload:
        """Return the file.

        Raises:
            BadRequest: none was sent; the message calls it ``noun``.
        """
        if self.upload is None:
            raise BadRequest(f"No {noun} was sent; send it as the part named '{self.part}'")
        return self.upload


@dataclass(frozen=True, slots=True)
class MultipartBody(Body[Form]):
    """A file and text fields as ``multipart/form-data``; the file is streamed.

    Attributes:
        fields: text fields by name; others are ignored.
        folder: of the storage, for the file; None keeps it in memory.
        memory_limit_bytes: largest file that is kept in memory.
        inspector: makes what examines the file while it arrives.
        part: name of the part with the file.
    """

    fields: Mapping[str, FormField]
    folder: str | None
    memory_limit_bytes: int = 1024 * 1024
    inspector: Callable[[], FileInspector] | None = None
    part: str = "file"


@dataclass(frozen=True, slots=True)
class RawBody(Body[Upload]):
    """The whole body as one file.

    Attributes:
        folder: of the storage; None keeps the file in memory.
        memory_limit_bytes: largest file that is kept in memory.
        media_type: for the API description.
        is_whole: False where the body may be a part of the file whose hash ``Repr-Digest`` states.
    """

    folder: str | None
    memory_limit_bytes: int = 8 * 1024 * 1024
    media_type: str = "application/octet-stream"
    is_whole: bool = True


class BodySink(Protocol):
    """Receives a body in pieces, in worker threads. Always closed once, also when the client disconnects."""

    def write(self, chunk: Chunk) -> None:
        """Append the next piece."""

    def close(self, complete: bool) -> None:
        """End the body: ``complete``, or broken off. Pieces that were written may be kept either way."""


SinkT = TypeVar("SinkT", bound=BodySink)


@dataclass(frozen=True, slots=True)
class StreamBody(Body[SinkT], Generic[SinkT, CallerT]):
    """A body that goes to a sink of the route's own.

    Attributes:
        open: makes the sink, once the caller is known.
        media_type: for the API description.
    """

    open: Callable[[RequestContext[CallerT]], SinkT]
    media_type: str


NO_BODY = NoBody()
