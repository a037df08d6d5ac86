"""Compressed bytes expanded as a stream: bounded in memory, however they were made to be."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

STEP_BYTES = 1024 * 1024
"""How much is expanded at once."""

_XZ_MEMORY_BYTES = 256 * 1024 * 1024
"""What ``xz -9`` asks for is 65 MiB; a header may claim 4 GiB."""


class InvalidImage(Exception):
    """Archive that is not a usable image: the text says why, to follow 'The image cannot be used: '."""


class _Expander(Protocol):
    """What `bz2` and `lzma` decompressors have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """`zlib`, as the others are."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(wbits=31)
        self._is_held_back = False

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def needs_input(self) -> bool:
        return not self._is_held_back

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        expanded = self._engine.decompress(self._engine.unconsumed_tail + data, max_length)
        self._is_held_back = len(expanded) == max_length or bool(self._engine.unconsumed_tail)
        return expanded


@dataclass(frozen=True, slots=True)
class Compression:
    """A way in which archives are compressed."""

    name: str
    media_type: str
    begin: Callable[[], _Expander] | None  # None: nothing to expand


PLAIN = Compression("tar", "application/x-tar", None)
_BY_START: Mapping[bytes, Compression] = {
    b"\x1f\x8b": Compression("gzip", "application/gzip", _Gzip),
    b"BZh": Compression("bzip2", "application/x-bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\x00": Compression(
        "xz", "application/x-xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)
    ),
}


def compression_of(start: bytes) -> Compression:
    """How what begins with ``start`` is compressed; `PLAIN` where nothing says that it is."""
    return next((found for magic, found in _BY_START.items() if start.startswith(magic)), PLAIN)


class Decompressor:
    """Expands what it is fed, in pieces of at most `STEP_BYTES`; several streams one after the other count as one."""

    def __init__(self, compression: Compression) -> None:
        self._compression = compression
        self._engine: _Expander | None = None  # while inside a stream
        self._is_first = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What ``data`` expands to.

        Raises:
            InvalidImage: it is damaged.
        """
        if self._compression.begin is None:
            yield data
            return
        try:
            yield from self._expand(data, self._compression.begin)
        except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
            raise InvalidImage(f"its {self._compression.name} compression is damaged: {error}") from None

    def finish(self) -> None:
        """There is no more.

        Raises:
            InvalidImage: there should be.
        """
        if self._engine is not None:
            raise InvalidImage(f"its {self._compression.name} compression ends too early; the file is cut short")

    def _expand(self, data: bytes, begin: Callable[[], _Expander]) -> Iterator[bytes]:
        if self._engine is None and not self._is_first:
            data = data.lstrip(b"\0")  # streams may be padded
        while data or (self._engine is not None and not self._engine.needs_input):
            engine = self._engine = self._engine or begin()
            expanded = engine.decompress(data, STEP_BYTES)
            data, self._is_first = b"", False
            if engine.eof:
                data, self._engine = engine.unused_data.lstrip(b"\0"), None
            if expanded:
                yield expanded
