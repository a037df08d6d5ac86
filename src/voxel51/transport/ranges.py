"""Ranges of a file: pieces that are received over several connections at the same time and written in place.

One connection to an S3 store is often slower than the network, since the store limits each, or waits for its disk.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence

from voxel51.transport.errors import ConnectionFailed
from voxel51.transport.saving import write_all_at

RANGE_BYTES = 8 * 1024 * 1024
"""The size of one range."""

PARTIAL_CONTENT = 206
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")

Advance = Callable[[int, int], None]
"""Called after each write, by one thread at a time, with the number of bytes that are complete from the beginning of
the file, and of all that arrived."""


class FileRanges:
    """The ranges of the file ``descriptor`` from ``start`` to ``total_bytes``.

    Attributes:
        total_bytes: the size of the complete file.
    """

    def __init__(self, descriptor: int, start: int, total_bytes: int, advance: Advance) -> None:
        self.total_bytes = total_bytes
        self._descriptor = descriptor
        self._advance = advance
        self._lock = threading.Lock()
        self._first = 0
        self._arrived_bytes = start
        stops = range(start + RANGE_BYTES, total_bytes + RANGE_BYTES, RANGE_BYTES)
        self._ranges = [FileRange(self, stop - RANGE_BYTES, min(stop, total_bytes)) for stop in stops]

    @property
    def arrived_bytes(self) -> int:
        """Return the number of bytes that arrived, those before ``start`` included."""
        return self._arrived_bytes

    def missing(self) -> "Sequence[FileRange]":
        """Return the ranges that are not complete."""
        return [each for each in self._ranges if each.position < each.stop]

    def write(self, part: "FileRange", chunk: bytes) -> None:
        """Write the next piece of ``part``."""
        write_all_at(self._descriptor, chunk, part.position)
        with self._lock:
            part.position += len(chunk)
            self._arrived_bytes += len(chunk)
            while self._first < len(self._ranges) - 1 and self._ranges[self._first].is_complete:
                self._first += 1
            self._advance(self._ranges[self._first].position, self._arrived_bytes)


class FileRange:
    """The rest of one range; a `voxel51.transport.messages.ResponseSink`.

    Attributes:
        position: the offset in the file of the next byte to receive.
        stop: the offset at which the range ends.
    """

    def __init__(self, file: FileRanges, start: int, stop: int) -> None:
        self._file = file
        self.position = start
        self.stop = stop

    @property
    def is_complete(self) -> bool:
        """Return whether all bytes are written."""
        return self.position == self.stop

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that request the rest of the range."""
        return {"Range": f"bytes={self.position}-{self.stop - 1}"}

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Check that the response is the requested range.

        Raises:
            ConnectionFailed: it is not.
        """
        expected = (self.position, self.stop - 1, self._file.total_bytes)
        if status != PARTIAL_CONTENT or content_range(headers) != expected:
            raise ConnectionFailed(
                f"the store answered {headers.get('content-range')!r} (status {status}) to {self.headers['Range']!r}"
            )

    def take(self, chunk: bytes) -> None:
        """Write the next piece.

        Raises:
            ConnectionFailed: more bytes came than requested.
        """
        if len(chunk) > self.stop - self.position:
            raise ConnectionFailed(f"the store sent more than {self.headers['Range']!r}")
        self._file.write(self, chunk)


def content_range(headers: Mapping[str, str]) -> tuple[int, int, int] | None:
    """Return the first and last offset of the response's range, and the size of the file; None if it has none."""
    found = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    return None if found is None else (int(found[1]), int(found[2]), int(found[3]))
