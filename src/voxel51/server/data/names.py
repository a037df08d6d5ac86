"""File names and media types of uploads: cleaned, because they come from outside."""

import mimetypes
import re
import unicodedata

from voxel51.server.errors import BadRequest

MAX_NAME_BYTES = 255
UNKNOWN_TYPE = "application/octet-stream"
# Control characters, line separators, and characters that reverse the direction of text and so disguise an extension.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_MEDIA_TYPE = re.compile(r"[\x20-\x7e]{1,255}")


def clean_media_type(media_type: str | None, name: str) -> str:
    """Return the media type as sent if it is valid in a header, else the one that the file's extension implies."""
    if media_type and media_type != UNKNOWN_TYPE and _MEDIA_TYPE.fullmatch(media_type):
        return media_type
    return mimetypes.guess_type(name)[0] or UNKNOWN_TYPE


def clean_name(name: str) -> str:
    """Return the bare file name: without folders of any operating system, without control characters, never empty.

    Raises:
        BadRequest: the name is longer than file systems accept.
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    name = _UNSAFE.sub("_", name).encode("utf-8", "replace").decode().strip()
    if name in {"", ".", ".."}:
        return "file"
    size_bytes = len(name.encode())
    if size_bytes > MAX_NAME_BYTES:
        raise BadRequest(f"The file name has {size_bytes} bytes; shorten it to {MAX_NAME_BYTES} or fewer")
    return name
