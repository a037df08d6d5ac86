"""Direct uploads: send the parts of a file straight to the S3 store, several at once, by links of the platform.

The store keeps the parts that arrived, so an upload goes on after a break of the connection, of the client or of the
platform; only parts that were under way are sent again.
"""

import threading
from collections.abc import Iterator
from functools import partial

from voxel51.transport.errors import APIError, ConnectionFailed
from voxel51.transport.messages import Request, StreamedBody
from voxel51.transport.multipart import UploadProgress
from voxel51.transport.retrying import TEMPORARY_STATUSES
from voxel51.users.calls import uploads
from voxel51.users.flows import Flow, Pause, SendToStore, fetch
from voxel51.users.sources import Source
from voxel51.wire.backoff import Backoff
from voxel51.wire.data import DataRecord
from voxel51.wire.direct import PartLink

_AT_ONCE = 4
_LINKS = 16
"""The number of parts that are sent before new links are requested, which expire."""

_MOST_FAILURES = 12
_MOST_FAILURES_AT_FIRST = 2
"""While no part has arrived, the store is probably out of reach, and the platform can take the bytes."""

_BACKOFF = Backoff(first_seconds=0.1, longest_seconds=5.0, jitter=0.5)


class StoreOutOfReach(APIError):
    """Not one part reached the store. The platform can take the bytes itself."""


def send(source: Source, upload_id: str, part_bytes: int, report: UploadProgress | None) -> Flow[DataRecord]:
    """Send the missing parts of ``source`` and complete the upload; return the record, whose hash may follow later.

    Raises:
        StoreOutOfReach: no part arrived.
        APIError: the platform refuses, or too many attempts in a row brought no progress.
    """
    progress = _Progress(source.size_bytes, report)
    failures, least_missing, has_arrived = 0, None, False
    while True:
        try:
            state = yield from fetch(uploads.parts(upload_id, _LINKS))
            if not state["missing"]:
                return (yield from fetch(uploads.complete(upload_id)))
        except APIError as error:
            failures += 1
            if not _is_temporary(error) or failures > _MOST_FAILURES:
                raise
            yield Pause(_BACKOFF.seconds(failures))
            continue
        missing = state["missing"]
        if least_missing is not None and missing < least_missing:
            failures, has_arrived = 0, True
        least_missing = missing
        has_arrived = has_arrived or missing < -(-source.size_bytes // part_bytes)
        requests = [_request(source, link, part_bytes, progress) for link in state["links"]]
        errors: list[APIError] = [error for error in (yield SendToStore(requests, _AT_ONCE)) if error is not None]
        if not errors:
            continue
        failures += 1
        if not has_arrived and len(errors) == len(requests) and failures >= _MOST_FAILURES_AT_FIRST:
            raise StoreOutOfReach(errors[0].message, errors[0].code) from errors[0]
        if failures > _MOST_FAILURES:
            raise errors[0]
        yield Pause(_BACKOFF.seconds(failures))


def _is_temporary(error: APIError) -> bool:
    """Return whether the platform is away: its restart does not end an upload."""
    return isinstance(error, ConnectionFailed) or error.code in TEMPORARY_STATUSES


def _request(source: Source, link: PartLink, part_bytes: int, progress: "_Progress") -> Request:
    start = (link["number"] - 1) * part_bytes
    chunks = partial(progress.chunks, source, link["number"], start, start + link["size"])
    return Request("PUT", link["url"], body=StreamedBody(chunks, link["size"]), repeatable=True)


class _Progress:
    """Counts the bytes of parts that are sent in different threads, and reports their sum."""

    def __init__(self, size_bytes: int, report: UploadProgress | None) -> None:
        self._size_bytes = size_bytes
        self._report = report
        self._sent: dict[int, int] = {}
        self._lock = threading.Lock()

    def chunks(self, source: Source, number: int, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes of one part. A chunk counts as sent when the next one is requested."""
        sent = 0
        for chunk in source.read(start, stop):
            yield chunk
            sent += len(chunk)
            self._count(number, sent)

    def _count(self, number: int, sent: int) -> None:
        if self._report is None:
            return
        with self._lock:
            self._sent[number] = sent
            self._report(sum(self._sent.values()), self._size_bytes)
