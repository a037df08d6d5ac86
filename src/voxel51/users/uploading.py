"""Uploading: small files in one request, large ones in pieces that survive whatever cuts them."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from voxel51.transport.errors import APIError, ConnectionFailed, Damaged
from voxel51.transport.messages import StreamedBody
from voxel51.transport.multipart import UploadProgress, type_of
from voxel51.users.calls import data, uploads
from voxel51.users.calls.call import date_text
from voxel51.users.calls.uploads import UploadOffset
from voxel51.users.flows import Action, Fetch, Flow, Identify, Pause, Work
from voxel51.users.progress import shown
from voxel51.users.sources import Source, counted
from voxel51.users.unfinished import Remembered
from voxel51.wire.backoff import Backoff
from voxel51.wire.data import FIELDS, DataRecord

LARGE_BYTES = 16 * 1024 * 1024
"""From this size on a file goes in pieces: below, sending it again costs less than the three requests more."""

PART_BYTES = 256 * 1024 * 1024
"""What one request carries. The platform keeps what came of it when it breaks off, so a part is no unit of loss."""

_WITHOUT_PIECES = {404, 405, 501}
_PASSING = {409, 423, 429, 460, 502, 503, 504}
_MOST_FAILURES = 12
_BACKOFF = Backoff(first_seconds=0.1, longest_seconds=5.0, jitter=0.5)


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """How to upload. ``verify`` None means: if the upload was interrupted."""

    ttl: date | str | None = None
    progress: bool | UploadProgress | None = None
    verify: bool | None = None


def upload(source: Source, wish: UploadOptions) -> Flow[DataRecord]:
    """Upload ``source``; gives its record.

    Raises:
        Damaged: what arrived is not what was sent; it is deleted there.
    """
    report = shown(wish.progress, source.name)
    try:
        if source.size_bytes < LARGE_BYTES:
            return (yield from _at_once(source, wish, report))
        whose = yield Identify()
        return (yield from _Pieces(source, wish, report, whose).run())
    finally:
        source.close()


def _at_once(source: Source, wish: UploadOptions, report: UploadProgress | None) -> Flow[DataRecord]:
    kept, sha256 = yield Fetch(data.upload(source.part(report), wish.ttl))
    if wish.verify and sha256 is not None:
        yield from _verify(source, kept["id"], sha256)
    result: DataRecord = kept
    return result


def _verify(source: Source, data_id: str, sha256: str) -> Generator[Action, Any, None]:
    here = yield Work(source.sha256)
    if here != sha256:
        yield Fetch(data.remove(data_id))
        reason = "it was changed meanwhile, or damaged on its way"
        raise Damaged(f"{source.name!r} has the SHA-256 {here}, and {sha256} arrived: {reason}. Try again")


class _Pieces:
    """One upload in pieces."""

    def __init__(self, source: Source, wish: UploadOptions, report: UploadProgress | None, whose: str) -> None:
        self._source = source
        self._wish = wish
        self._report = report
        self._remembered = Remembered(source, whose)
        self._was_interrupted = False
        self._failures = 0

    def run(self) -> Flow[DataRecord]:
        standing = yield from self._standing()
        if standing is None:
            return (yield from _at_once(self._source, self._wish, self._report))
        while standing.data_id is None:
            standing = yield from self._go_on(standing)
        if self._report is not None:  # the last piece may have arrived by a connection that broke
            self._report(self._source.size_bytes, self._source.size_bytes)
        verify = self._was_interrupted if self._wish.verify is None else self._wish.verify
        if verify and standing.sha256 is not None:
            yield from _verify(self._source, standing.data_id, standing.sha256)
        self._remembered.forget()
        details: DataRecord = yield Fetch(data.details(standing.data_id))
        return {key: details[key] for key in FIELDS if key in details}  # type: ignore[return-value, literal-required]

    def _standing(self) -> Flow[UploadOffset | None]:
        """Where to go on from, the beginning perhaps; None at a platform that knows no pieces."""
        upload_id = self._remembered.upload_id()
        if upload_id is not None:
            try:
                standing: UploadOffset = yield Fetch(uploads.look(upload_id))
            except ConnectionFailed:
                raise
            except APIError:  # it has expired, or the platform is another by now
                self._remembered.forget()
            else:
                self._was_interrupted = True
                return standing
        return (yield from self._begin())

    def _begin(self) -> Flow[UploadOffset | None]:
        metadata = {"filename": self._source.name, "filetype": type_of(self._source.name)}
        if self._wish.ttl is not None:
            metadata["data_ttl"] = date_text(self._wish.ttl)
        try:
            standing: UploadOffset = yield Fetch(uploads.begin(self._source.size_bytes, metadata))
        except APIError as error:
            if error.code in _WITHOUT_PIECES:
                return None
            raise
        self._remembered.keep(standing.upload_id)
        return standing

    def _go_on(self, standing: UploadOffset) -> Flow[UploadOffset]:
        start = standing.offset_bytes
        try:
            if start == self._source.size_bytes:  # whole, and being looked through over there
                yield from self._pause()
                following: UploadOffset = yield Fetch(uploads.look(standing.upload_id))
                return following
            stop = min(start + PART_BYTES, self._source.size_bytes)
            chunks = partial(counted, self._source, start, stop, self._report)
            following = yield Fetch(uploads.go_on(standing.upload_id, start, StreamedBody(chunks, stop - start)))
        except APIError as error:
            self._check(error)
            self._was_interrupted = True
            yield from self._pause()
            return (yield from self._look_again(standing))
        self._failures = 0
        return following

    def _look_again(self, standing: UploadOffset) -> Flow[UploadOffset]:
        try:
            following: UploadOffset = yield Fetch(uploads.look(standing.upload_id))
        except APIError as error:
            self._check(error)
            return standing
        if following.offset_bytes > standing.offset_bytes:
            self._failures = 0
        return following

    def _check(self, error: APIError) -> None:
        """Return when ``error`` is worth another try."""
        self._failures += 1
        passing = isinstance(error, ConnectionFailed) or error.code in _PASSING
        if not passing:
            self._remembered.forget()
        if not passing or self._failures > _MOST_FAILURES:
            raise error

    def _pause(self) -> Generator[Action, Any, None]:
        yield Pause(_BACKOFF.seconds(self._failures))
