"""Downloads: descriptions of the file that a service answers with, before HTTP sends it, and links to such files.

Services return a `Download` or a `ProxiedDownload`; `voxel51.server.http` turns either into a response. So services
decide which bytes a caller may have without importing HTTP.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

Links = Callable[[str, str], str]
"""Makes a signed link from a method and a path below the version prefix."""


class StoredFiles(Protocol):
    """Files to send: the storage of the platform, or another place."""

    def size_bytes(self, key: str) -> int:
        """Return the size of the file; raise FileNotFoundError if it does not exist."""

    def read(self, key: str, start: int = 0, length: int | None = None) -> "ByteReader":
        """Return the bytes from ``start``; raise FileNotFoundError if the file does not exist."""


class ByteReader(Protocol):
    """The bytes of a file, in chunks."""

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def close(self) -> None:
        """Release the file."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file in the platform's storage, sent in chunks; byte ranges are honoured.

    Attributes:
        key: of the file in the storage.
        filename: suggested to the caller.
        media_type: None where unknown.
        sha256: of the whole file, hexadecimal, where known.
        size_bytes: as recorded, where known. A stored file of any other size is damaged and not sent.
        files: where the file is; None: in the platform's storage.
    """

    key: str
    filename: str
    media_type: str | None
    sha256: str | None = None
    size_bytes: int | None = None
    files: StoredFiles | None = None


class RemoteStream(Protocol):
    """A response body that another host is sending."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in non-empty chunks. May block.

        Raises:
            voxel51.server.errors.ServiceError: the transfer broke off, or the content is not what was announced.
        """

    def close(self) -> None:
        """Stop the transfer and release the connection."""


@dataclass(frozen=True, slots=True)
class ProxiedDownload:
    """A file on another host, passed on to the caller while it arrives. Always the whole file, never a range.

    Attributes:
        open: connects to that host; may block, and raises one of `voxel51.server.errors`.
        size_bytes: as recorded when the file was added. A transfer of any other size is broken off.
        filename: suggested to the caller.
        media_type: None where unknown.
    """

    open: Callable[[], RemoteStream]
    size_bytes: int
    filename: str
    media_type: str | None
