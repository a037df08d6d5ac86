"""Streaming decompression of archives, in constant memory whatever the archive contains."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

STEP_BYTES = 1024 * 1024
"""Maximum size of a decompressed piece."""

_XZ_MEMORY_BYTES = 256 * 1024 * 1024
"""Memory limit of xz: ``xz -9`` needs 65 MiB, but a header may ask for 4 GiB."""


class InvalidImage(Exception):
    """Archive that is not a usable image: the text says why, to follow 'The image cannot be used: '."""


class _StreamDecompressor(Protocol):
    """Interface that the decompressors of `bz2` and `lzma` share."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """Decompressor of `zlib` with the interface of `bz2` and `lzma`."""

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
        decompressed = self._engine.decompress(self._engine.unconsumed_tail + data, max_length)
        self._is_held_back = len(decompressed) == max_length or bool(self._engine.unconsumed_tail)
        return decompressed


@dataclass(frozen=True, slots=True)
class Compression:
    """Compression of an archive."""

    name: str
    media_type: str
    begin: Callable[[], _StreamDecompressor] | None  # None: not compressed


PLAIN = Compression("tar", "application/x-tar", None)
_BY_START: Mapping[bytes, Compression] = {
    b"\x1f\x8b": Compression("gzip", "application/gzip", _Gzip),
    b"BZh": Compression("bzip2", "application/x-bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\x00": Compression(
        "xz", "application/x-xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)
    ),
}


def compression_of(start: bytes) -> Compression:
    """Return the compression of a file that begins with ``start``; `PLAIN` if no compression is recognized."""
    return next((found for magic, found in _BY_START.items() if start.startswith(magic)), PLAIN)


class Decompressor:
    """Decompressor that yields pieces of at most `STEP_BYTES`. Concatenated streams count as one, as in ``gzip -d``."""

    def __init__(self, compression: Compression) -> None:
        self._compression = compression
        self._engine: _StreamDecompressor | None = None  # while inside a stream
        self._is_first = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decompressed content of ``data``.

        Raises:
            InvalidImage: the data is damaged.
        """
        if self._compression.begin is None:
            yield data
            return
        try:
            yield from self._decompress(data, self._compression.begin)
        except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
            raise InvalidImage(f"its {self._compression.name} compression is damaged: {error}") from None

    def finish(self) -> None:
        """Check that the stream is complete.

        Raises:
            InvalidImage: the file ends within a stream.
        """
        if self._engine is not None:
            raise InvalidImage(f"its {self._compression.name} compression ends too early: the file is truncated")

    def _decompress(self, data: bytes, begin: Callable[[], _StreamDecompressor]) -> Iterator[bytes]:
        if self._engine is None and not self._is_first:
            data = data.lstrip(b"\0")  # padding between streams
        while data or (self._engine is not None and not self._engine.needs_input):
            engine = self._engine = self._engine or begin()
            decompressed = engine.decompress(data, STEP_BYTES)
            data, self._is_first = b"", False
            if engine.eof:
                data, self._engine = engine.unused_data.lstrip(b"\0"), None
            if decompressed:
                yield decompressed
