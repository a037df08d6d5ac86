"""Masks: arrays that assign pixels to classes or objects, stored as the text base64(zlib(NPY file)).

A frame's mask is a 2-D array of integers that covers the frame, at any resolution. An object's mask is a 2-D array of
booleans that covers its bounding box. Only `decode` and `encode` need numpy.
"""

import ast
import base64
import binascii
import io
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from voxel51.labels.errors import Problem
from voxel51.labels.extras import extra
from voxel51.labels.field_types import JsonType, JsonValue, short_repr

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAGIC = b"\x93NUMPY"
_HEADER_BYTES_LIMIT = 64 * 1024
"""Maximum size of the NPY header. A valid one has some hundred bytes."""

DECODED_BYTES_LIMIT = 256 * 1024 * 1024
"""Maximum size of an unpacked mask: a few kilobytes of zlib data can expand to any size."""


def encode(mask: "NDArray[np.generic]") -> str:
    """Return ``mask`` (2-D, booleans or integers) as text.

    Raises:
        ValueError: the mask is not 2-D, or has another data type.
    """
    with extra("labels"):
        import numpy as np  # noqa: PLC0415  (reading and writing labels works without it)

    if mask.ndim != 2 or mask.dtype.kind not in "bui":
        raise ValueError(f"a mask is 2-D of booleans or whole numbers, got {mask.dtype} of shape {mask.shape}")
    buffer = io.BytesIO()
    np.save(buffer, mask, allow_pickle=False)
    return base64.b64encode(zlib.compress(buffer.getvalue())).decode("ascii")


def decode(text: str) -> "NDArray[np.generic]":
    """Return the mask that ``text`` encodes. Pickled arrays are rejected.

    Raises:
        ValueError: the text is not a mask, or the mask is larger than `DECODED_BYTES_LIMIT`.
    """
    with extra("labels"):
        import numpy as np  # noqa: PLC0415  (reading and writing labels works without it)

    unpacked = _unpacked(text, DECODED_BYTES_LIMIT)
    return np.asarray(np.load(io.BytesIO(unpacked), allow_pickle=False))


class MaskType(JsonType):
    """Field type of a mask. The mask stays text until `decode` is called."""

    def check(self, value: object, path: str) -> Iterator[Problem]:
        """Yield a problem for text that does not unpack to an array, or for an array that is not a mask. Needs no
        numpy.
        """
        if not isinstance(value, str):
            yield Problem(path, f"expected a mask as base64 text, got {short_repr(value)}", fatal=True)
            return
        try:
            described = _npy_header(_unpacked(value, _HEADER_BYTES_LIMIT, whole=False))
        except ValueError as error:
            yield Problem(path, str(error), fatal=True)
            return
        kind, shape = str(described.get("descr", "")), described.get("shape")
        if kind[1:2] not in tuple("bui"):
            yield Problem(path, f"a mask holds booleans or whole numbers, got dtype {kind!r}", fatal="O" in kind)
        if not isinstance(shape, tuple) or len(shape) != 2:
            yield Problem(path, f"a mask has two dimensions, got shape {shape}")


MASK = MaskType()


def _unpacked(text: str, limit_bytes: int, *, whole: bool = True) -> bytes:
    try:
        unpacking = zlib.decompressobj()
        unpacked = unpacking.decompress(base64.b64decode(text, validate=True), limit_bytes)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise ValueError(f"a mask is base64 of zlib of an NPY file: {error}") from None
    if whole and not unpacking.eof:
        raise ValueError(f"the mask is truncated, or unpacks to more than {limit_bytes} bytes")
    return unpacked


def _npy_header(npy: bytes) -> dict[str, JsonValue]:
    """Return the header at the start of an NPY file."""
    if not npy.startswith(_MAGIC) or len(npy) < 12:
        raise ValueError("a mask is base64 of zlib of an NPY file: the content is not an NPY file")
    start, length_bytes = (10, npy[8:10]) if npy[6] == 1 else (12, npy[8:12])
    header = npy[start : start + int.from_bytes(length_bytes, "little")]
    try:
        return dict(ast.literal_eval(header.decode("latin-1").strip()))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ValueError("the description in the mask's NPY file cannot be read") from None
