"""Included parts of the label format page: a table per record type, and a table of other tools' formats."""

import sys
from collections.abc import Iterable
from dataclasses import MISSING, fields
from functools import singledispatch
from inspect import cleandoc, getdoc
from typing import Any

from generators.markdown import code, plain, sentence, table
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
_DESCRIBED_ON_PAGE: dict[type[Record], str] = {BoundingBox: "bounding-boxes", Support: "frame-numbers-and-ranges"}
"""Record types that the page describes itself -> anchor of their section."""


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    records = [line for record in _RECORDS for line in _section(record)]
    return {"parts/label-records.md": "\n".join(records), "parts/label-formats.md": "\n".join(_formats())}


def _section(record: type[Record]) -> list[str]:
    description, *attributes = cleandoc(getdoc(record) or "").partition("Attributes:")
    notes = dict(_notes("".join(attributes[1:])))
    lines = [f"### {record.__name__}", "", sentence(description), ""]
    if record.TYPE:
        lines += [f"Value of `type`: `{record.TYPE}`.", ""]
    rows = []
    for each in fields(record):  # type: ignore[arg-type]  # every record is a dataclass
        is_required = each.default is MISSING and each.default_factory is MISSING
        value = words_of(each.metadata["field_type"]) + (" (required)" if is_required else "")
        rows.append((code(each.metadata.get("key") or each.name), value, plain(notes.get(each.name, ""))))
    return [*lines, *table(("key", "value", "description"), rows)]


def _notes(text: str) -> Iterable[tuple[str, str]]:
    """Return the name and description of each entry of a docstring's ``Attributes`` section."""
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
    """Describe the values of a field of this type."""
    return "any JSON"


@words_of.register
def _(field_type: ScalarType) -> str:
    return f"{field_type.name}; {field_type.condition}" if field_type.condition else field_type.name


@words_of.register
def _(field_type: RecordType) -> str:
    name = field_type.record.__name__
    return f"[{name}](#{_DESCRIBED_ON_PAGE.get(field_type.record, name.lower())})"


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
        content = "all labels, as described above" if name == "native" else _description_of(each.write)
        rows.append((code(name), suffix, plain(content), plain(each.read_by)))
    return table(("name", "file", "content", "read by"), rows)


def _description_of(write: Any) -> str:
    """Return the description of a format from the docstrings of its module and function."""
    module = sys.modules[write.__module__].__doc__ or ""
    return f"{module.splitlines()[0]} {(write.__doc__ or '').partition('Raises:')[0]}"
