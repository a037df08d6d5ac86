"""Parts of the page of the label format: a table for every record, and one of the formats of other tools."""

import sys
from collections.abc import Iterable
from dataclasses import MISSING, fields
from functools import singledispatch
from inspect import cleandoc, getdoc
from typing import Any

from makers.markdown import code, plain, sentence, table
from voxel51.labels.attributes import AttributeType, BooleanAttribute, CategoricalAttribute, NumericAttribute
from voxel51.labels.events import DetectedEvent, VideoEvent
from voxel51.labels.field_types import ListType, MapType, ScalarType
from voxel51.labels.formats import FORMATS
from voxel51.labels.geometry import BoundingBox, Keypoints, Polyline
from voxel51.labels.image import ImageLabels
from voxel51.labels.masks import MaskType
from voxel51.labels.metadata import ImageMetadata, VideoMetadata
from voxel51.labels.objects import DetectedObject, VideoObject
from voxel51.labels.records import NumberedMapType, Record, RecordType, WrappedListType
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame, VideoLabels

_RECORDS = (VideoLabels, VideoFrame, DetectedObject, VideoObject, DetectedEvent, VideoEvent,
            CategoricalAttribute, NumericAttribute, BooleanAttribute, Keypoints, Polyline, VideoMetadata,
            ImageLabels, ImageMetadata)  # fmt: skip
_BY_HAND: dict[type[Record], str] = {BoundingBox: "bounding-boxes", Support: "frame-numbers-and-ranges"}
"""Records that the page itself describes, and where."""


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    records = [line for record in _RECORDS for line in _section(record)]
    return {"parts/label-records.md": "\n".join(records), "parts/label-formats.md": "\n".join(_formats())}


def _section(record: type[Record]) -> list[str]:
    said, *attributes = cleandoc(getdoc(record) or "").partition("Attributes:")
    notes = dict(_notes("".join(attributes[1:])))
    lines = [f"### {record.__name__}", "", sentence(said), ""]
    if record.TYPE:
        lines += [f"Its `type` is `{record.TYPE}`.", ""]
    rows = []
    for each in fields(record):  # type: ignore[arg-type]  # every record is a dataclass
        is_needed = each.default is MISSING and each.default_factory is MISSING
        value = words_of(each.metadata["field_type"]) + (" (needed)" if is_needed else "")
        rows.append((code(each.metadata.get("key") or each.name), value, plain(notes.get(each.name, ""))))
    return [*lines, *table(("key", "value", "meaning"), rows)]


def _notes(text: str) -> Iterable[tuple[str, str]]:
    """Name and description of each entry of a docstring's section ``Attributes``."""
    entries: list[list[str]] = []
    for line in text.splitlines():
        name, colon, rest = line.strip().partition(": ")
        if colon and name.isidentifier() and line.startswith("    ") and not line.startswith("     "):
            entries.append([name, rest])
        elif entries:
            entries[-1][1] += f" {line.strip()}"
    return [(name, rest) for name, rest in entries]


@singledispatch
def words_of(_: Any) -> str:
    """What a field of this kind holds, in words."""
    return "any JSON"


@words_of.register
def _(field_type: ScalarType) -> str:
    return f"{field_type.name}; {field_type.condition}" if field_type.condition else field_type.name


@words_of.register
def _(field_type: RecordType) -> str:
    name = field_type.record.__name__
    return f"[{name}](#{_BY_HAND.get(field_type.record, name.lower())})"


@words_of.register
def _(field_type: WrappedListType) -> str:
    return f'`{{"{field_type.key}": […]}}` of {words_of(field_type.item_type)}'


@words_of.register
def _(field_type: NumberedMapType) -> str:
    text = f"object: number, from {field_type.lowest}, to {words_of(field_type.item_type)}"
    return f'`{{"{field_type.wrapper}": …}}` around an {text}' if field_type.wrapper else text


@words_of.register
def _(field_type: ListType) -> str:
    return f"list of {field_type.length or ''}{' ' if field_type.length else ''}{words_of(field_type.item_type)}"


@words_of.register
def _(field_type: MapType) -> str:
    return f"object: text to {words_of(field_type.item_type)}"


@words_of.register
def _(_: AttributeType) -> str:
    return "[an attribute](#categoricalattribute) of any type"


@words_of.register
def _(_: MaskType) -> str:
    return "[a mask](#masks)"


def _formats() -> list[str]:
    rows = []
    for name, each in FORMATS.items():
        suffix = f"a folder, or `{each.suffix}`" if each.makes_folder else code(each.suffix)
        what = "everything, as above" if name == "native" else _said_of(each.write)
        rows.append((code(name), suffix, plain(what), plain(each.read_by)))
    return table(("name", "file", "what is written", "read by"), rows)


def _said_of(write: Any) -> str:
    """What a format's module and its function say of it."""
    module = sys.modules[write.__module__].__doc__ or ""
    return f"{module.splitlines()[0]} {(write.__doc__ or '').partition('Raises:')[0]}"
