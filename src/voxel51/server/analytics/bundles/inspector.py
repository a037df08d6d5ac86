"""Bundle inspector: reject a file that is neither Python nor an archive of a project, while it arrives."""

from enum import StrEnum

from voxel51.server.errors import BadRequest, TooLarge
from voxel51.server.storage.partial import Chunk

_TAR_MAGIC_AT, _TAR_MAGIC = 257, b"ustar"
_START_BYTES = _TAR_MAGIC_AT + len(_TAR_MAGIC)
EXPECTED = "Send one .py file, or a .zip, .tar or .tar.gz of a project folder"
ADVICE = "Leave out data and test videos, or ask the operator of the platform for a larger limit"


class BundleFormat(StrEnum):
    """Format of an uploaded bundle."""

    PYTHON = "python"
    TAR = "tar"  # perhaps compressed
    ZIP = "zip"


class BundleInspector:
    """Inspector that recognizes the format by the first bytes, and stops at ``limit_bytes``.

    Attributes:
        format: known after `finish`.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.format = BundleFormat.PYTHON
        self._limit_bytes = limit_bytes
        self._start = b""
        self._received_bytes = 0

    def feed(self, chunk: Chunk) -> None:
        """Inspect the next piece.

        Raises:
            TooLarge: the file exceeds the limit.
        """
        self._received_bytes += len(chunk)
        if self._received_bytes > self._limit_bytes:
            raise TooLarge(f"The bundle is larger than the limit of {self._limit_bytes} bytes. {ADVICE}")
        if len(self._start) < _START_BYTES:
            self._start += bytes(chunk[: _START_BYTES - len(self._start)])

    def finish(self) -> None:
        """Set `format`.

        Raises:
            BadRequest: the file has none of the formats.
        """
        start = self._start
        if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            self.format = BundleFormat.ZIP
        elif start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")) or start[_TAR_MAGIC_AT:] == _TAR_MAGIC:
            self.format = BundleFormat.TAR
        elif b"\0" in start or not start.strip():
            shown = ascii(start[:16])[2:-1] or "nothing"
            raise BadRequest(f"The bundle cannot be used: it begins with {shown!r}. {EXPECTED}")
