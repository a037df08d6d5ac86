"""File names and media types, as they come from strangers."""

import mimetypes
import re
import unicodedata

from voxel51.server.errors import BadRequest

LONGEST_NAME_BYTES = 255
UNKNOWN_TYPE = "application/octet-stream"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_MEDIA_TYPE = re.compile(r"[\x20-\x7e]{1,255}")


def clean_media_type(media_type: str | None, name: str) -> str:
    """The media type as it was sent, where it can stand in a header; else the one that the file's name tells."""
    if media_type and media_type != UNKNOWN_TYPE and _MEDIA_TYPE.fullmatch(media_type):
        return media_type
    return mimetypes.guess_type(name)[0] or UNKNOWN_TYPE


def clean_name(name: str) -> str:
    """The file name itself: no folders of any system, no control characters, and never a name of a folder.

    Raises:
        BadRequest: it is longer than file systems take.
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    name = _UNSAFE.sub("_", name).encode("utf-8", "replace").decode().strip()
    if name in {"", ".", ".."}:
        return "file"
    size_bytes = len(name.encode())
    if size_bytes > LONGEST_NAME_BYTES:
        raise BadRequest(f"The file name has {size_bytes} bytes; shorten it to {LONGEST_NAME_BYTES} or fewer")
    return name
