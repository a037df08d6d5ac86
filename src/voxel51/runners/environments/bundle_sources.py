"""Bundle sources: fetch the source of a bundle by its signed link, unpack it, and keep it for later jobs."""

import hashlib
import re
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    UnknownHandler,
)

from voxel51.runners.environments.errors import BuildError, BuildUnavailable
from voxel51.runners.environments.folder_cache import FolderCache, Lease
from voxel51.runners.environments.source_archives import SourceLimits, unpack
from voxel51.runners.programs import StoredFile

FETCH_TIMEOUT_SECONDS = 60.0
_CHUNK_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BundleSources:
    """Unpacked sources of one machine, by the hash of their archive.

    Args:
        folder: folder that this object owns.
        quota_bytes: size of all sources that are kept; the least recently used are removed first.
        limits: limits of each source.
    """

    def __init__(self, folder: Path, quota_bytes: int, limits: SourceLimits) -> None:
        self._cache = FolderCache(folder, quota_bytes)
        self._limits = limits

    def open(self) -> None:
        """Create the folder, and remove what an interrupted fetch left."""
        self._cache.open()

    def kept(self, source: StoredFile) -> Lease | None:
        """Return a lease of an unpacked source; None if it is not here."""
        return self._cache.lease(source.sha256) if _SHA256.fullmatch(source.sha256) else None

    def fetch(self, source: StoredFile) -> Lease:
        """Return a lease of an unpacked source, which is fetched if it is not here.

        Raises:
            BuildError: it is not an archive that may be unpacked.
            BuildUnavailable: the platform does not answer, or sends another file.
            OSError: no space.
        """
        if not _SHA256.fullmatch(source.sha256):
            raise BuildError(f"the hash of the source is invalid: {source.sha256!r}")
        if source.size_bytes > self._limits.archive_bytes:
            raise BuildError(f"the archive of the source is larger than {self._limits.archive_bytes >> 20} MiB")
        with self._cache.alone(source.sha256):
            return self._cache.lease(source.sha256) or self._fetched(source)

    def _fetched(self, source: StoredFile) -> Lease:
        with self._cache.draft() as draft:
            archive, unpacked = draft / "archive", draft / "unpacked"
            _download(source, archive)
            unpack(archive, unpacked, self._limits)
            return self._cache.add(source.sha256, unpacked)


def _download(source: StoredFile, path: Path) -> None:
    """Write the file that ``source`` describes to ``path``, if it is that file."""
    digest, left = hashlib.sha256(), source.size_bytes
    try:
        response = _opener().open(source.url, timeout=FETCH_TIMEOUT_SECONDS)
        with closing(response), path.open("xb") as file:
            while left >= 0 and (chunk := response.read(_CHUNK_BYTES)):
                left -= len(chunk)
                digest.update(chunk)
                file.write(chunk)
    except (URLError, HTTPException, ConnectionError, TimeoutError) as error:
        raise BuildUnavailable(f"the source of the bundle could not be fetched: {error}") from None
    if left != 0 or digest.hexdigest() != source.sha256:
        raise BuildUnavailable("the source of the bundle could not be fetched: the platform sent another file")


def _opener() -> OpenerDirector:
    """Return what opens HTTP and HTTPS links, directly, and no files of this machine."""
    opener = OpenerDirector()
    opener.add_handler(HTTPHandler())
    opener.add_handler(HTTPSHandler())
    opener.add_handler(HTTPRedirectHandler())
    opener.add_handler(UnknownHandler())
    opener.add_handler(HTTPErrorProcessor())  # without these two, a 404 is a response like any other
    opener.add_handler(HTTPDefaultErrorHandler())
    return opener
