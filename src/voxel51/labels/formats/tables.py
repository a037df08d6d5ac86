"""Tables: a row for every object of every frame, and for every range of frames of an event."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from voxel51.labels.attributes import Attribute
from voxel51.labels.video_base import VideoLabelsBase

COLUMNS = ("kind", "first_frame", "last_frame", "index", "label", "confidence", "left", "top", "right", "bottom",
           "attributes")  # fmt: skip
"""``kind`` is ``object`` or ``event``, sides are shares of the picture, attributes ``name=value`` joined by ``;``."""


def rows_of(labels: VideoLabelsBase) -> Iterator[dict[str, Any]]:
    """The rows, objects first, each with all `COLUMNS`; what is not known is None."""
    for number in labels.frames_with_objects():
        for each in labels.objects_in(number):
            box = each.bounding_box
            sides = (None,) * 4 if box is None else (box.left, box.top, box.right, box.bottom)
            said = _joined(each.attributes)
            row = ("object", number, number, each.index, each.label, each.confidence, *sides, said)
            yield dict(zip(COLUMNS, row, strict=True))
    for event in labels.events:
        for first, last in event.support.ranges if event.support else ():
            said = _joined(event.attributes)
            row = ("event", first, last, event.index, event.label, event.confidence, *(None,) * 4, said)
            yield dict(zip(COLUMNS, row, strict=True))


def write_csv(labels: VideoLabelsBase, output: Path) -> None:
    """Write the rows as comma-separated values (RFC 4180), UTF-8, with a heading.

    Texts that a spreadsheet would take for a formula begin with an apostrophe.
    """
    with output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows_of(labels):
            writer.writerow({name: _harmless(value) for name, value in row.items()})


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
    kinds = {"first_frame": pyarrow.int64(), "last_frame": pyarrow.int64(), "index": pyarrow.int64(),
             "kind": pyarrow.string(), "label": pyarrow.string(), "attributes": pyarrow.string()}  # fmt: skip
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.float64())) for name in COLUMNS])
    parquet.write_table(pyarrow.Table.from_pylist(list(rows_of(labels)), schema=schema), output)


def _joined(attributes: list[Attribute]) -> str:
    return ";".join(f"{each.name}={each.value}" for each in attributes)


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
