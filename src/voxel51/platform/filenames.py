"""File names: the name under which an input was uploaded, made safe for creating a file."""

import re
from urllib.parse import unquote, urlsplit

LONGEST_NAME_BYTES = 200
"""File systems allow 255; the rest is for suffixes that an analytic appends."""

_EXTENDED = re.compile(r"filename\*\s*=\s*(?:utf-8|iso-8859-1)?'[^']*'([^;\s]+)", re.IGNORECASE)
_QUOTED = re.compile(r'filename\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_BARE = re.compile(r"filename\s*=\s*([^;\s]+)", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")


def filename_of(disposition: str | None, url: str) -> str:
    """Return the file name of a ``Content-Disposition`` header, else the last segment of ``url``; always safe to use.

    Safe: no folder, no control characters, not hidden, at most `LONGEST_NAME_BYTES` of UTF-8, never empty.
    """
    return safe_filename(_given(disposition or "") or unquote(urlsplit(url).path))


def safe_filename(name: str) -> str:
    """Return ``name`` as one safe path segment that keeps its extension."""
    name = _UNSAFE.sub("", name.replace("\\", "/").rpartition("/")[2]).strip().lstrip(".")
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode(errors="replace")) > 20:
        stem, dot, extension = name, "", ""
    available = LONGEST_NAME_BYTES - len((dot + extension).encode(errors="replace"))
    stem = stem.encode(errors="replace")[:available].decode(errors="ignore")
    return (stem + dot + extension) or "file"


def _given(disposition: str) -> str:
    if match := _EXTENDED.search(disposition):
        return unquote(match[1])
    if match := _QUOTED.search(disposition):
        # HTTP headers are decoded as Latin-1, but many senders write UTF-8.
        text = re.sub(r"\\(.)", r"\1", match[1]).replace("%22", '"')
        try:
            return text.encode("latin-1").decode()
        except UnicodeError:
            return text
    match = _BARE.search(disposition)
    return match[1] if match else ""
