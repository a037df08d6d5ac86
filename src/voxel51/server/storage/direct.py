"""Direct transfers: the interface to a storage that clients can reach by signed links, without the platform between.

The links permit one method on one file for a short time. The credentials of the storage are not part of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

LEAST_DOWNLOAD_BYTES = 256 * 1024
"""Smaller files are sent by the platform: a second request would take longer than the file."""


@dataclass(frozen=True, slots=True)
class DownloadHeaders:
    """Headers with which the storage sends a file by link."""

    content_disposition: str
    content_type: str


class DirectTransfers(Protocol):
    """Signed links to files, and uploads in parts. All methods may be called from any thread; most of them block.

    Methods that contact the storage raise `voxel51.server.errors.Unavailable` if it does not answer.
    """

    def download_url(self, key: str, headers: DownloadHeaders) -> str:
        """Return a link to the whole file or ranges of it. Contacts nothing."""

    def begin(self, key: str) -> str:
        """Begin an upload in parts of the new file ``key``, and return the id of the upload."""

    def part_url(self, key: str, upload_id: str, number: int, size_bytes: int) -> str:
        """Return a link that takes part ``number`` with exactly ``size_bytes``, by PUT. Contacts nothing."""

    def parts(self, key: str, upload_id: str) -> Mapping[int, int]:
        """Return the sizes of the parts that have arrived, by number.

        Raises:
            FileNotFoundError: the upload was completed or aborted.
        """

    def complete(self, key: str, upload_id: str) -> None:
        """Join the parts to the file, atomically. No part can be sent afterwards.

        Raises:
            FileNotFoundError: the upload was completed or aborted.
        """

    def abort(self, key: str) -> None:
        """Delete all unfinished uploads of the file ``key``, with their parts. A failure is only logged."""
