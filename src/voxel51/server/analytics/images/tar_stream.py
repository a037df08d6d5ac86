"""Streaming tar reader: read the entries of an archive while it is uploaded, in constant memory.

`tarfile` is not safe here: it reads long names and extended headers whole, whatever length they claim, and keeps every
entry that it has read. This reader limits both.

The reader is written as coroutines on generators (`Parsing`): they yield when they need more bytes, so that the upload
can push pieces of any size.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TypeVar

from voxel51.server.analytics.images.decompression import InvalidImage

BLOCK_BYTES = 512
_MOST_HEADER_BYTES = 64 * 1024
"""Size limit of long names and extended headers."""

Found = TypeVar("Found")

_FILES, _LINKS, _FOLDER = b"\00007", b"12", b"5"
_LONG_NAME, _LONG_TARGET, _EXTENDED, _GLOBAL = b"L", b"K", b"x", b"g"

Parsing = Generator[None, bytes, Found]
"""Parser that yields when it needs more bytes, is sent them (none at the end), and returns its result."""


class ByteStream:
    """Buffer that turns pieces of any size into reads of a given size."""

    def __init__(self) -> None:
        self._piece = memoryview(b"")

    def take(self, count: int) -> Parsing[bytes]:
        """Return the next ``count`` bytes.

        Raises:
            InvalidImage: the archive ends before.
        """
        taken = bytearray()
        while len(taken) < count:
            taken += yield from self._some(count - len(taken))
        return bytes(taken)

    def skip(self, count: int) -> Parsing[None]:
        """Skip ``count`` bytes.

        Raises:
            InvalidImage: the archive ends before.
        """
        while count > 0:
            count -= len((yield from self._some(count)))

    def skip_rest(self) -> Parsing[None]:
        """Skip everything up to the end."""
        while (yield):
            pass

    def _some(self, most: int) -> Parsing[memoryview]:
        if not self._piece:
            self._piece = memoryview((yield))
        if not self._piece:
            raise InvalidImage("the tar archive is truncated: an entry or its end is missing")
        some, self._piece = self._piece[:most], self._piece[most:]
        return some


@dataclass(frozen=True, slots=True)
class TarEntry:
    """Entry of an archive. ``target`` is the target of a link."""

    name: str
    size_bytes: int
    is_file: bool
    is_hard_link: bool = False
    target: str | None = None


@dataclass(frozen=True, slots=True)
class _Header:
    name: str
    kind: bytes
    size_bytes: int
    target: str


def next_entry(archive: ByteStream, is_first: bool) -> Parsing[TarEntry | None]:
    """Return the next entry, or None at the end. Its content, padded to `BLOCK_BYTES`, is next in the stream.

    Raises:
        InvalidImage: the file is not a tar archive, is truncated, or has an entry that images do not have.
    """
    # Headers of these kinds describe the entry after them.
    overrides: dict[str, str] = {}
    while True:
        block = yield from archive.take(BLOCK_BYTES)
        if block == bytes(BLOCK_BYTES) and not is_first:
            return None
        header = _read(block, is_first)
        is_first = False
        if header.kind not in {_LONG_NAME, _LONG_TARGET, _EXTENDED, _GLOBAL}:
            return _member(_with_overrides(header, overrides))
        text = yield from _take_text(archive, header)
        if header.kind == _EXTENDED:
            overrides.update(_records(text))
        elif header.kind != _GLOBAL:
            overrides["path" if header.kind == _LONG_NAME else "linkpath"] = _decoded(text.rstrip(b"\0"))


def padded(size_bytes: int) -> int:
    """Return the size of content with its padding."""
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES


def _read(block: bytes, is_first: bool) -> _Header:
    if not _is_header(block):
        if is_first:
            raise InvalidImage(f"it is not a tar archive: it begins with {shown_start(block)}")
        raise InvalidImage("the tar archive is damaged: an entry or its end is missing")
    name, prefix = _text(block[:100]), _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return _Header(
        name=f"{prefix}/{name}" if prefix else name,
        kind=block[156:157],
        size_bytes=_number(block[124:136]),
        target=_text(block[157:257]),
    )


def _is_header(block: bytes) -> bool:
    """Check the checksum of a header: the sum of its bytes, with those of the checksum itself taken as spaces."""
    try:
        announced = _number(block[148:156])
    except InvalidImage:
        return False
    return announced == sum(block) - sum(block[148:156]) + 8 * ord(" ")


def _number(field: bytes) -> int:
    if field[0] == 0x80:  # GNU extension: a binary number
        return int.from_bytes(field[1:])
    digits = field.strip(b" \0")
    try:
        number = int(digits, 8) if digits else 0
    except ValueError:
        number = -1
    if number < 0:
        raise InvalidImage(f"the tar archive is damaged: {ascii(field)[2:-1]} is not a size")
    return number


def _take_text(archive: ByteStream, header: _Header) -> Parsing[bytes]:
    if header.size_bytes > _MOST_HEADER_BYTES:
        raise InvalidImage(f"an entry has a header of {header.size_bytes} bytes; {_MOST_HEADER_BYTES} is the limit")
    content = yield from archive.take(padded(header.size_bytes))
    return content[: header.size_bytes]


def _records(text: bytes) -> dict[str, str]:
    """Return the records of an extended header, each written as ``<length> <key>=<value>\\n``."""
    records = {}
    while text:
        length, _, _ = text.partition(b" ")
        end = int(length) if length.isdigit() and len(length) < len(str(_MOST_HEADER_BYTES)) + 1 else 0
        key, equals, value = text[len(length) + 1 : max(end - 1, 0)].partition(b"=")
        if not equals or end > len(text):
            raise InvalidImage("the tar archive is damaged: an extended header has no records")
        records[_decoded(key)] = _decoded(value)
        text = text[end:]
    return records


def _with_overrides(header: _Header, overrides: dict[str, str]) -> _Header:
    size = overrides.get("size", str(header.size_bytes))
    if not size.isdecimal() or len(size) > 19:
        raise InvalidImage(f"the tar archive is damaged: {size[:40]!a} is not a size")
    if any(key.startswith("GNU.sparse") for key in overrides):
        raise InvalidImage("the tar archive has sparse files; save it again without them")
    header = replace(header, name=overrides.get("path", header.name), target=overrides.get("linkpath", header.target))
    return replace(header, size_bytes=int(size))


def _member(header: _Header) -> TarEntry:
    name = header.name.removeprefix("./").rstrip("/") or "."
    if header.kind in _FILES:
        return TarEntry(name, header.size_bytes, is_file=True)
    if header.kind in _LINKS:
        return TarEntry(name, 0, is_file=False, is_hard_link=header.kind == b"1", target=header.target)
    if header.kind in _FOLDER:
        return TarEntry(name, 0, is_file=False)
    raise InvalidImage(
        f"the entry {header.name[:100]!a} is not a file, folder or link, but of type {ascii(header.kind)[1:]}"
    )


def shown_start(start: bytes) -> str:
    """Return the beginning of a file, for error messages."""
    return ascii(start[:16])[2:-1] or "nothing"


def _text(field: bytes) -> str:
    return _decoded(field.partition(b"\0")[0])


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
