"""Tables: one row per object of every frame, and per range of frames of an event."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.labels.attributes import Attribute
from voxel51.labels.field_types import JsonValue
from voxel51.labels.video_base import VideoLabelsBase

if TYPE_CHECKING:
    import pyarrow

COLUMNS = ("kind", "first_frame", "last_frame", "index", "label", "confidence", "left", "top", "right", "bottom",
           "attributes")  # fmt: skip
"""``kind`` is ``object`` or ``event``, sides are relative coordinates, attributes are ``name=value`` joined by
``;``.
"""


def rows_of(labels: VideoLabelsBase) -> Iterator[dict[str, JsonValue]]:
    """Yield the rows, objects first, each with all `COLUMNS`; unknown values are None."""
    for number in labels.frames_with_objects():
        for each in labels.objects_in(number):
            box = each.bounding_box
            sides = (None,) * 4 if box is None else (box.left, box.top, box.right, box.bottom)
            attributes = _joined(each.attributes)
            row = ("object", number, number, each.index, each.label, each.confidence, *sides, attributes)
            yield dict(zip(COLUMNS, row, strict=True))
    for event in labels.events:
        for first, last in event.support.ranges if event.support else ():
            attributes = _joined(event.attributes)
            row = ("event", first, last, event.index, event.label, event.confidence, *(None,) * 4, attributes)
            yield dict(zip(COLUMNS, row, strict=True))


def write_csv(labels: VideoLabelsBase, output: Path) -> None:
    """Write the rows as comma-separated values (RFC 4180), UTF-8, with a header.

    Text is written by `escaped_formula`.
    """
    with output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows_of(labels):
            writer.writerow({name: escaped_formula(value) for name, value in row.items()})


def write_parquet(labels: VideoLabelsBase, output: Path) -> None:
    """Write the rows as a Parquet file.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: PLC0415  (40 MB, and only for this)
        from pyarrow import parquet  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ModuleNotFoundError("Parquet needs pyarrow: pip install 'voxel51-platform[parquet]'") from None
    parquet.write_table(pyarrow.Table.from_pylist(list(rows_of(labels)), schema=row_schema()), output)


def row_schema(texts: Sequence[str] = ()) -> "pyarrow.Schema":
    """Return the Arrow schema of rows: columns of text with the names ``texts``, then `COLUMNS`. Needs pyarrow."""
    import pyarrow  # noqa: PLC0415  (40 MB, and only for this)

    kinds = {"first_frame": pyarrow.int64(), "last_frame": pyarrow.int64(), "index": pyarrow.int64(),
             "kind": pyarrow.string(), "label": pyarrow.string(), "attributes": pyarrow.string()}  # fmt: skip
    named = [(name, kinds.get(name, pyarrow.float64())) for name in COLUMNS]
    return pyarrow.schema([*((name, pyarrow.string()) for name in texts), *named])


def _joined(attributes: list[Attribute]) -> str:
    return ";".join(f"{each.name}={each.value}" for each in attributes)


def escaped_formula(value: JsonValue) -> JsonValue:
    """Return the value of a cell. Text that a spreadsheet would take for a formula is prefixed with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
