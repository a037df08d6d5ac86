"""Log uploads: receive the log that a program uploads by itself, without the secrets of its job, and of limited size.

The SDK hides secrets before it uploads a log. Programs made with the original SDK do not.
"""

import hashlib
import uuid
from collections.abc import Callable, Sequence

from voxel51.server.errors import TooLarge
from voxel51.server.jobs.attempts import LOG_FOLDER, Attempt
from voxel51.server.storage.partial import Chunk
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire.hidden_secrets import hide


class LogUploads:
    """Uploads of logs.

    Args:
        storage: where logs are kept.
        hidden_values: returns the secrets that a job was given, the longest first, by the ids of the job and its owner.

    Attributes:
        limit_bytes: size of the largest log.
    """

    def __init__(
        self, storage: Storage, limit_bytes: int, hidden_values: Callable[[str, str], Sequence[bytes]]
    ) -> None:
        self.limit_bytes = limit_bytes
        self._storage = storage
        self._hidden_values = hidden_values

    def open(self, attempt: Attempt, announced_length: str) -> "HidingWriter":
        """Return the writer of the log of an attempt. The length is empty, or that of the request.

        Raises:
            TooLarge: the length exceeds the limit.
        """
        is_number = announced_length.isascii() and announced_length.isdigit()
        length = int(announced_length) if is_number else None
        if length is not None and length > self.limit_bytes:
            raise TooLarge(f"The log has {length} bytes; {self.limit_bytes} are allowed. Upload the end of it.")
        writer = self._storage.writer(f"{LOG_FOLDER}/{uuid.uuid4()}", length)
        return HidingWriter(writer, self._hidden_values(attempt.job_id, attempt.owner_id))


class HidingWriter:
    """Writes a file with asterisks instead of each of some values, also of one that arrives in several pieces.

    Size and hash are those of what arrives. The file is complete after `sync`.

    Args:
        stored: writes the file.
        values: that are hidden, the longest first.
    """

    def __init__(self, stored: Writer, values: Sequence[bytes]) -> None:
        self.key = stored.key
        self.size_bytes = 0
        self.stored = stored
        self._values = values
        self._margin = len(values[0]) - 1 if values else 0
        self._pending = b""
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes that arrived, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, chunk: Chunk) -> None:
        """Append a piece."""
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        # A value may begin in the last bytes and end in the next piece. Asterisks that are hidden again stay the same.
        text = hide(self._pending + bytes(chunk), self._values)
        end = max(0, len(text) - self._margin)
        self.stored.write(text[:end])
        self._pending = text[end:]

    def sync(self) -> None:
        """Write the last bytes, and make all durable."""
        self.stored.write(self._pending)
        self._pending = b""
        self.stored.sync()

    def commit(self) -> None:
        """Make the file visible under its key."""
        self.stored.commit()

    def abort(self) -> None:
        """Discard the file."""
        self.stored.abort()
