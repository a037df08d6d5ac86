"""Downloads: descriptions of the file that a service answers with, before HTTP sends it, and links to such files.

Services return a `Download` or a `ProxiedDownload`; `voxel51.server.http` turns either into a response. So services
decide which bytes a caller may have without importing HTTP.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

Links = Callable[[str, str], str]
"""Makes a signed link from a method and a path below the version prefix."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file in the platform's storage, sent in chunks; byte ranges are honoured.

    Attributes:
        key: of the file in the storage.
        filename: suggested to the caller.
        media_type: None where unknown.
        sha256: of the whole file, hexadecimal, where known.
        size_bytes: as recorded, where known. A stored file of any other size is damaged and not sent.
    """

    key: str
    filename: str
    media_type: str | None
    sha256: str | None = None
    size_bytes: int | None = None


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
