"""Container images: looked at while they arrive, without unpacking and in constant memory."""

import bz2
import tarfile
import zlib
from enum import StrEnum
from typing import Protocol

from voxel51.server.errors import BadRequest

_BLOCK_BYTES = 512
_STEP_BYTES = 1024 * 1024
_MOST_MEMBERS = 100_000
_LARGEST_MEMBER_BYTES = 2**40
_MOST_EXPANSION = 200
_FREE_EXPANSION_BYTES = 64 * 1024**2
_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
_EXPECTED = "expected is what `docker save` writes: a tar of an image, plain or compressed by gzip or bzip2"


class ImageFormat(StrEnum):
    """How an image is laid out in its archive."""

    DOCKER = "docker"
    OCI = "oci"


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class ImageInspector:
    """Follows an archive piece by piece, and tells at its end what image it holds.

    Attributes:
        format: the layout; set by `finish`.
    """

    def __init__(self) -> None:
        self.format: ImageFormat | None = None
        self._decompressor: _Decompressor | None = None
        self._begun = False
        self._block = bytearray()
        self._skip_bytes = 0
        self._members = 0
        self._taken_bytes = 0
        self._expanded_bytes = 0
        self._names: set[str] = set()
        self._at_end = False

    def feed(self, chunk: bytes | bytearray) -> None:
        """Look at the next piece.

        Raises:
            BadRequest: this is no image's archive.
        """
        data = bytes(chunk)
        self._taken_bytes += len(data)
        if not self._begun and data:
            self._begin(data)
        if self._decompressor is None:
            self._follow(data)
            return
        try:
            self._expand(self._decompressor, data)
        except (zlib.error, OSError, EOFError) as error:
            raise BadRequest(f"The image's archive is damaged ({error}); {_EXPECTED}") from None

    def finish(self) -> None:
        """Say what it was.

        Raises:
            BadRequest: it was cut short, or holds no image.
        """
        if not self._at_end or self._skip_bytes:
            raise BadRequest(f"The image's archive is cut short or empty; {_EXPECTED}")
        if "manifest.json" in self._names:
            self.format = ImageFormat.DOCKER
        elif {"index.json", "oci-layout"} <= self._names:
            self.format = ImageFormat.OCI
        else:
            raise BadRequest(
                f"The archive holds neither 'manifest.json' nor 'index.json' and 'oci-layout'; {_EXPECTED}"
            )

    def _begin(self, data: bytes) -> None:
        self._begun = True
        if data.startswith(_GZIP):
            self._decompressor = _Gzip()
        elif data.startswith(_BZIP2):
            self._decompressor = _Bzip2()

    def _expand(self, decompressor: _Decompressor, data: bytes) -> None:
        while True:
            expanded = decompressor.decompress(data, _STEP_BYTES)
            data = b""
            if not expanded:
                return
            self._follow(expanded)

    def _follow(self, data: bytes) -> None:
        self._expanded_bytes += len(data)
        if self._expanded_bytes > _MOST_EXPANSION * self._taken_bytes + _FREE_EXPANSION_BYTES:
            raise BadRequest(f"The image's archive expands to more than {_MOST_EXPANSION} times its size; {_EXPECTED}")
        view = memoryview(data)
        while view and not self._at_end:
            if self._skip_bytes:
                skipped = min(self._skip_bytes, len(view))
                self._skip_bytes -= skipped
                view = view[skipped:]
                continue
            wanted = _BLOCK_BYTES - len(self._block)
            self._block += view[:wanted]
            view = view[wanted:]
            if len(self._block) == _BLOCK_BYTES:
                self._read_header(bytes(self._block))
                self._block.clear()

    def _read_header(self, block: bytes) -> None:
        if not any(block):
            self._at_end = True
            return
        try:
            member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise BadRequest(f"This is no tar archive ({error}); {_EXPECTED}") from None
        self._members += 1
        if self._members > _MOST_MEMBERS or not 0 <= member.size <= _LARGEST_MEMBER_BYTES:
            raise BadRequest(f"The archive has more than {_MOST_MEMBERS} members or one of an absurd size; {_EXPECTED}")
        name = member.name.removeprefix("./")
        if "/" not in name:
            self._names.add(name)
        self._skip_bytes = -(-member.size // _BLOCK_BYTES) * _BLOCK_BYTES


class _Gzip:
    """Expands gzip in steps; what was not expanded yet waits, compressed."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """The next step; empty when more input is needed."""
        if self._decompressor.eof:  # another member may follow the first
            data = self._decompressor.unused_data + data
            if not data.startswith(_GZIP):
                return b""
            self._decompressor = zlib.decompressobj(wbits=31)
            return self._decompressor.decompress(data, max_length)
        return self._decompressor.decompress(self._decompressor.unconsumed_tail + data, max_length)


class _Bzip2:
    """Expands bzip2 in steps."""

    def __init__(self) -> None:
        self._decompressor = bz2.BZ2Decompressor()

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """The next step; empty when more input is needed."""
        if self._decompressor.eof:
            data = self._decompressor.unused_data + data
            if not data.startswith(_BZIP2):
                return b""
            self._decompressor = bz2.BZ2Decompressor()
        return self._decompressor.decompress(data, max_length)
