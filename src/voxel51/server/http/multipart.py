"""Multipart forms: parse ``multipart/form-data`` as it arrives; the file goes to the storage, fields stay in memory."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

import multipart
from starlette.requests import Request

from voxel51.server.errors import BadRequest, TooLarge
from voxel51.server.http.bodies import Form, MultipartBody, Upload
from voxel51.server.http.receiving import FileSink
from voxel51.server.storage.partial import Chunk
from voxel51.wire import digests

FIELD_LIMIT_BYTES = 64 * 1024
FIELD_LIMIT_COUNT = 64
_EXTENDED_FILENAME = re.compile(r"""filename\*\s*=\s*[\w-]+'[^']*'([^;\s]+)""", re.IGNORECASE)

OpenFile = Callable[[Sequence[str | None]], FileSink]
"""Returns a sink for the file, of which these headers may announce the hash."""


class FormSink:
    """Parses one multipart form. A `BodySink`. Parts may come in any order.

    After any failure nothing of the file is left in the storage.

    Args:
        request: whose body it is.
        body: what the route declares.
        open_file: called when the file begins; None keeps the file in memory.

    Raises:
        BadRequest: the request is not multipart/form-data.
    """

    def __init__(self, request: Request, body: MultipartBody, open_file: OpenFile | None) -> None:
        self._parser = _parser_of(request)
        self._request_digest = request.headers.get(digests.REPR_DIGEST)
        self._body = body
        self._open_file = open_file
        self._upload: Upload | None = None
        self._file: FileSink | None = None
        self._fields: dict[str, str] = {}
        self._part = _Part("")

    @property
    def form(self) -> Form:
        """Return the form, once it is complete."""
        return Form(self._fields, self._upload, self._body.part)

    def write(self, chunk: Chunk) -> None:
        """Parse the next piece.

        Raises:
            BadRequest: the body is not valid, or contains more than one file.
            TooLarge: the file or a field is larger than allowed.
        """
        if self._parser.closed:  # bytes after the last boundary are ignored
            return
        try:
            for event in self._parser.parse(bytes(chunk)):
                if isinstance(event, multipart.MultipartSegment):
                    self._begin_part(event)
                elif event is None:
                    self._end_part()
                else:
                    self._append(event)
        except multipart.MultipartError as error:
            raise _invalid(error) from None

    def close(self, complete: bool) -> None:
        """End the form.

        Raises:
            BadRequest: the form is cut short.
        """
        try:
            self._parser.close(check_complete=complete)
        except multipart.MultipartError as error:
            complete = False
            raise _invalid(error) from None
        finally:
            if not complete and self._file is not None:
                self._file.close(complete=False)

    def _begin_part(self, segment: multipart.MultipartSegment) -> None:
        filename = part_filename(segment)
        self._part = _Part(segment.name or "")
        if segment.name != self._body.part or filename is None:
            return
        if self._upload is not None:
            raise BadRequest("More than one file was sent; send one per request")
        self._part.upload = self._upload = Upload(filename, segment.content_type or None)
        if self._open_file is not None:
            # The hash may stand in the part or, as `Repr-Digest`, in the header of the request.
            in_part = (segment.header(name) for name in (digests.REPR_DIGEST, digests.CONTENT_DIGEST))
            self._part.sink = self._file = self._open_file([*in_part, self._request_digest])
            self._upload.writer, self._upload.inspector = self._file.writer, self._file.inspector

    def _append(self, chunk: bytes) -> None:
        part = self._part
        if part.sink is not None:
            part.sink.write(chunk)
            return
        limit = self._body.memory_limit_bytes if part.name == self._body.part else FIELD_LIMIT_BYTES
        part.content += chunk
        if len(part.content) > limit:
            raise TooLarge(f"The part {part.name!r} is longer than the limit of {limit} bytes")

    def _end_part(self) -> None:
        part = self._part
        if part.sink is not None:
            part.sink.close(complete=True)
        elif part.upload is not None:
            part.upload.content = bytes(part.content)
        elif part.name in self._body.fields:
            self._fields[part.name] = part.content.decode("utf-8", "replace")


@dataclass(slots=True)
class _Part:
    """The part that is being parsed: ``content`` unless it goes to ``sink``; ``upload`` if it is the file."""

    name: str
    content: bytearray = field(default_factory=bytearray)
    upload: Upload | None = None
    sink: FileSink | None = None


def _parser_of(request: Request) -> multipart.PushMultipartParser:
    media_type, options = multipart.parse_options_header(request.headers.get("content-type", ""))
    if media_type != "multipart/form-data":
        raise BadRequest(f"The body must be multipart/form-data, not {media_type or 'without a content type'}")
    if not options.get("boundary"):
        raise BadRequest("The Content-Type multipart/form-data needs a boundary")
    try:
        return multipart.PushMultipartParser(options["boundary"], max_segment_count=FIELD_LIMIT_COUNT)
    except multipart.MultipartError as error:
        raise _invalid(error) from None


def _invalid(error: multipart.MultipartError) -> BadRequest:
    return BadRequest(f"The body is not valid multipart/form-data: {error}")


def part_filename(segment: multipart.MultipartSegment) -> str | None:
    """Return the file name of a part exactly as sent, folders included; None without one.

    The parser reads ``filename="…"``; the older form ``filename*=utf-8''…`` is read here.
    """
    if segment.filename is not None:
        return str(segment.filename)
    extended = _EXTENDED_FILENAME.search(segment.header("Content-Disposition", ""))
    return unquote(extended[1], "utf-8", "replace") if extended else None
