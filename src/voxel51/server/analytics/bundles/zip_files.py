"""Zip archives of bundles: add their files to a project folder."""

import io
import stat
import zipfile
import zlib
from typing import BinaryIO

from voxel51.server.analytics.bundles.project_folder import ProjectFolder
from voxel51.server.errors import BadRequest

_STEP_BYTES = 1024 * 1024
_END = b"PK\x05\x06"
_END_BYTES = 22
_END_64_LOCATOR = b"PK\x06\x07"
_MAX_COMMENT_BYTES = 65_535
_MAX_DIRECTORY_BYTES = 8 * 1024 * 1024
"""Size limit of the list of entries, which `zipfile` reads into memory as a whole."""

_IS_ENCRYPTED = 0x1
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def add_zip_files(project: ProjectFolder, file: BinaryIO) -> None:
    """Add the files of an archive.

    Raises:
        BadRequest: the archive is damaged or encrypted, or has links.
    """
    _check_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    _add(project, archive, entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise BadRequest(f"The bundle cannot be used: its zip archive is damaged: {error}") from None


def _add(project: ProjectFolder, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    shown = ascii(entry.filename[:100])
    if entry.flag_bits & _IS_ENCRYPTED:
        raise BadRequest(f"The bundle cannot be used: the entry {shown} is encrypted")
    if entry.compress_type not in _COMPRESSIONS:
        raise BadRequest(f"The bundle cannot be used: the entry {shown} is compressed by another method than deflate")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise BadRequest(f"The bundle cannot be used: the entry {shown} is a link; put the file itself there")
    # The announced size is not believed: what is really read is counted.
    with archive.open(entry) as content, project.new_file(entry.filename) as append:
        while piece := content.read(_STEP_BYTES):
            append(piece)


def _check_directory(file: BinaryIO) -> None:
    """Raise `BadRequest` if the list of entries is too large to be read into memory."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _MAX_COMMENT_BYTES - _END_BYTES - 20))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise BadRequest("The bundle cannot be used: its zip archive is truncated")
    if _END_64_LOCATOR in tail or int.from_bytes(tail[at + 12 : at + 16], "little") > _MAX_DIRECTORY_BYTES:
        raise BadRequest("The bundle cannot be used: its zip archive has too many entries")
    file.seek(0)
