"""Tar archives of bundles: add their files to a project folder, in constant memory."""

from collections.abc import Generator, Iterable
from itertools import count

from voxel51.server.analytics.bundles.project_folder import ProjectFolder
from voxel51.server.analytics.images.decompression import Decompressor, InvalidImage, compression_of
from voxel51.server.analytics.images.tar_stream import ByteStream, Parsing, TarEntry, next_entry, padded
from voxel51.server.errors import BadRequest

_STEP_BYTES = 1024 * 1024
_MAX_ENTRIES = 50_000
"""Number of entries, folders and ignored files included, up to which an archive is read."""


def add_tar_files(project: ProjectFolder, pieces: Iterable[bytes]) -> None:
    """Add the files of an archive, perhaps compressed, that arrives in ``pieces``.

    Raises:
        BadRequest: the archive is damaged, or has links or devices.
    """
    try:
        _push(_walk(project), pieces)
    except InvalidImage as error:
        raise BadRequest(f"The bundle cannot be used: {error}") from None


def _push(walk: Generator[None, bytes, None], pieces: Iterable[bytes]) -> None:
    """Send the decompressed ``pieces`` to a parser, and then the end."""
    next(walk)
    decompressor: Decompressor | None = None
    for piece in pieces:
        decompressor = decompressor or Decompressor(compression_of(piece))
        for decompressed in decompressor.feed(piece):
            if decompressed:
                walk.send(decompressed)
    if decompressor is not None:
        decompressor.finish()
    try:
        walk.send(b"")
    except StopIteration:
        return


def _walk(project: ProjectFolder) -> Parsing[None]:
    archive = ByteStream()
    for number in count(1):
        entry = yield from next_entry(archive, is_first=number == 1)
        if entry is None:
            break
        if number > _MAX_ENTRIES:
            raise InvalidImage(f"its archive has more than {_MAX_ENTRIES} entries")
        if entry.target is not None:
            raise InvalidImage(f"the entry {entry.name[:100]!a} is a link. Put the file itself into the archive")
        if entry.is_file:
            yield from _add(project, entry, archive)
    yield from archive.skip_rest()


def _add(project: ProjectFolder, entry: TarEntry, archive: ByteStream) -> Parsing[None]:
    left = entry.size_bytes
    with project.new_file(entry.name) as append:
        while left:
            piece = yield from archive.take(min(left, _STEP_BYTES))
            append(piece)
            left -= len(piece)
    yield from archive.skip(padded(entry.size_bytes) - entry.size_bytes)
