"""The interface to files that come in several pieces, perhaps over days, and outlive the platform's process.

What was appended is kept when the process dies at any moment. Nobody sees such a file under its key before it is
finished. A store that takes parts of a least size keeps what is short of one beside them; that is why bytes are
appended through a handle, which may hold them together, and counted by the handle's `Growth.size_bytes`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is there."""

    key: str
    size_bytes: int
    changed_at: datetime


class Growth(Protocol):
    """A growing file, open for appending. Only one at a time may be open for a key: the caller sees to that."""

    size_bytes: int

    def append(self, chunk: bytes | bytearray | memoryview) -> None:
        """Add to its end. What this returned from is kept, whatever happens to the process.

        Raises:
            voxel51.server.errors.OutOfSpace: there is no room; what was there before is still there.
        """

    def shorten(self, size_bytes: int) -> None:
        """Forget all but the first ``size_bytes``."""

    def close(self) -> None:
        """Release what it holds; the file stays. Closing twice does nothing."""


class GrowingFiles(Protocol):
    """Growing files by the key that they will have."""

    def open(self, key: str, expected_bytes: int = 0) -> Growth:
        """Go on with the file, or begin it.

        Raises:
            voxel51.server.errors.OutOfSpace: ``expected_bytes`` more will not fit.
        """

    def size_bytes(self, key: str) -> int:
        """How many bytes are kept so far; 0 of one that was never begun."""

    def read(self, key: str) -> Iterator[bytes]:
        """What is kept so far, from the start, in chunks."""

    def finish(self, key: str) -> None:
        """Make the whole file durable and visible under its key, at once. One that is finished stays so.

        Raises:
            FileNotFoundError: it was never begun, or is forgotten.
        """

    def forget(self, key: str) -> None:
        """Remove what is kept of an unfinished file; one that is not there, or finished, is no error."""

    def unfinished(self) -> Iterator[Stored]:
        """Every file that is not finished, in no order."""
