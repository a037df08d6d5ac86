"""Seekable files of the storage: what `zipfile` needs to read an archive from the storage."""

import io

from voxel51.server.storage.storage import Storage


class SeekableFile(io.RawIOBase):
    """Reads and seeks in the file ``key`` of a storage."""

    def __init__(self, storage: Storage, key: str) -> None:
        super().__init__()
        self._storage = storage
        self._key = key
        self._size = storage.size_bytes(key)
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # the buffer of a `BufferedReader`
        """Fill ``buffer``, and return the number of bytes."""
        count = min(len(buffer), max(0, self._size - self._at))
        if not count:
            return 0
        at = 0
        for piece in self._storage.read(self._key, self._at, count):
            buffer[at : at + len(piece)] = piece
            at += len(piece)
        self._at += at
        return at
