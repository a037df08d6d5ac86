"""Streaming: read parts of a labels file without reading the file into memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

from voxel51.labels.errors import InvalidLabels, Problem
from voxel51.labels.extras import extra
from voxel51.labels.field_types import JsonValue

with extra("labels"):
    import ijson

_BUFFER_BYTES = 1 << 20


@contextmanager
def labels_file(path: Path) -> Iterator[BinaryIO]:
    """Open the labels file at ``path``. Errors of its content in the block are raised as `InvalidLabels`.

    Raises:
        InvalidLabels: the file is not JSON, or not labels of a video.
        OSError: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            yield file
    except (ijson.JSONError, UnicodeDecodeError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise InvalidLabels([Problem("", f"{path.name} cannot be read as labels of a video: {error}")]) from None


def items(file: BinaryIO, prefix: str) -> Iterator[JsonValue]:
    """Yield the values at ``prefix``, such as ``objects.objects.item``, in one pass over the file."""
    file.seek(0)
    yield from ijson.items(file, prefix, use_float=True, buf_size=_BUFFER_BYTES)


def have_equal_content(first: Path, second: Path) -> bool:
    """Return whether two files have the same labels, besides their provenance; without reading them into memory."""
    with labels_file(first) as one, labels_file(second) as other:
        return all(left == right for left, right in zip_longest(_tokens(one), _tokens(other)))


def _tokens(file: BinaryIO) -> Iterator[tuple[str, JsonValue]]:
    """Yield the tokens of the document in ``file``, without those of its provenance."""
    for prefix, token, value in ijson.parse(file, use_float=True, buf_size=_BUFFER_BYTES):
        if prefix.partition(".")[0] != "provenance" and not (prefix == "" and value == "provenance"):
            yield token, value


def pairs(file: BinaryIO, prefix: str) -> Iterator[tuple[str, JsonValue]]:
    """Yield the keys and values of the object at ``prefix``, in one pass over the file."""
    file.seek(0)
    yield from ijson.kvitems(file, prefix, use_float=True, buf_size=_BUFFER_BYTES)
