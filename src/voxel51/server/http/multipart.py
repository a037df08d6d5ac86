"""Multipart forms: parse ``multipart/form-data`` as it arrives, the file into a sink and the fields into memory."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import unquote

import multipart
from starlette.requests import Request

from voxel51.server.errors import BadRequest, TooLarge
from voxel51.server.http.bodies import Form, MultipartBody, Upload
from voxel51.server.http.receiving import FileSink, check_announced_digest
from voxel51.wire import digests

_FIELD_LIMIT_BYTES = 64 * 1024
_FIELD_LIMIT_COUNT = 64
_EXTENDED_FILENAME = re.compile(r"""filename\*\s*=\s*[\w-]+'[^']*'([^;\s]+)""", re.IGNORECASE)

OpenSink = Callable[[], Awaitable[FileSink]]


class MultipartReader:
    """Reads one multipart body. Parts may come in any order; ``open_sink`` is called when the file begins."""

    def __init__(self, request: Request, body: MultipartBody, open_sink: OpenSink | None) -> None:
        self._request = request
        self._body = body
        self._open_sink = open_sink
        self._upload: Upload | None = None
        self._sink: FileSink | None = None
        self._fields: dict[str, str] = {}
        self._part: tuple[str, bytearray] | None = None  # name and, unless it goes to the sink, content
        self._announced_digests: list[str | None] = []

    async def read(self) -> Form:
        """Return the form. After any failure, nothing of the file is left in the storage.

        Raises:
            BadRequest: the body is not multipart/form-data, is cut short, or contains more than one file.
            TooLarge: the file or a field is larger than allowed.
        """
        try:
            async for event in self._events():
                if isinstance(event, multipart.MultipartSegment):
                    await self._begin_part(event)
                elif event is None:
                    await self._end_part()
                else:
                    await self._append(event)
        except multipart.MultipartError as error:
            self._abort()
            raise BadRequest(f"The body is not valid multipart/form-data: {error}") from None
        except BaseException:
            self._abort()  # in this thread: a cancelled request may not wait for another
            raise
        return Form(self._fields, self._upload)

    def _abort(self) -> None:
        if self._sink is not None:
            self._sink.writer.abort()

    async def _events(self) -> AsyncIterator[multipart.MultipartSegment | bytearray | None]:
        """Yield the header of each part, then its content in pieces, then None."""
        media_type, options = multipart.parse_options_header(self._request.headers.get("content-type", ""))
        if media_type != "multipart/form-data" or not options.get("boundary"):
            raise BadRequest(f"The body must be multipart/form-data, not {media_type or 'without a content type'}")
        with multipart.PushMultipartParser(options["boundary"], max_segment_count=_FIELD_LIMIT_COUNT) as parser:
            async for chunk in self._request.stream():
                if chunk and not parser.closed:  # bytes after the last boundary are read and ignored
                    for event in parser.parse(chunk):
                        yield event

    async def _begin_part(self, segment: multipart.MultipartSegment) -> None:
        filename = part_filename(segment)
        if segment.name == "file" and filename is not None:
            if self._upload is not None:
                raise BadRequest("More than one file was sent; send one per request")
            self._upload = Upload(filename, segment.content_type or None)
            self._announced_digests = [segment.header(name) for name in (digests.REPR_DIGEST, digests.CONTENT_DIGEST)]
            if self._open_sink is not None:
                self._sink = await self._open_sink()
                self._upload.writer, self._upload.inspector = self._sink.writer, self._sink.inspector
        self._part = (segment.name or "", bytearray())

    async def _append(self, chunk: bytearray) -> None:
        assert self._part is not None  # noqa: S101  (the parser yields a header before any content)
        name, content = self._part
        if name == "file" and self._sink is not None:
            await self._sink.write(chunk)
            return
        limit = self._body.memory_limit_bytes if name == "file" else _FIELD_LIMIT_BYTES
        content += chunk
        if len(content) > limit:
            raise TooLarge(f"The part {name!r} is longer than the limit of {limit} bytes")

    async def _end_part(self) -> None:
        assert self._part is not None  # noqa: S101  (the parser yields a header before any end)
        name, content = self._part
        if name == "file" and self._upload is not None:
            self._upload.content = bytes(content)
            if self._sink is not None:
                await self._sink.finish()
                # The hash may stand in the part or, as `Repr-Digest`, in the header of the request.
                for announced in (*self._announced_digests, self._request.headers.get(digests.REPR_DIGEST)):
                    check_announced_digest(announced, self._sink.writer.sha256)
        elif name in self._body.fields:
            self._fields[name] = content.decode("utf-8", "replace")
        self._part = None


def part_filename(segment: multipart.MultipartSegment) -> str | None:
    """Return the file name of a part exactly as sent, folders included; None without one.

    The parser reads ``filename="…"``; the older form ``filename*=utf-8''…`` is read here.
    """
    if segment.filename is not None:
        return str(segment.filename)
    extended = _EXTENDED_FILENAME.search(segment.header("Content-Disposition", ""))
    return unquote(extended[1], "utf-8", "replace") if extended else None
