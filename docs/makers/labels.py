"""Parts of the page of the label format: a table for every record, and one of the formats of other tools."""

import sys
from collections.abc import Iterable
from dataclasses import MISSING, fields
from functools import singledispatch
from inspect import cleandoc, getdoc
from typing import Any

from makers.markdown import code, plain, sentence, table
from voxel51.labels.attributes import AnyAttribute, BooleanAttribute, CategoricalAttribute, NumericAttribute
from voxel51.labels.events import DetectedEvent, VideoEvent
from voxel51.labels.formats import FORMATS
from voxel51.labels.geometry import BoundingBox, Keypoints, Polyline
from voxel51.labels.image import ImageLabels
from voxel51.labels.kinds import Listed, Mapped, Scalar
from voxel51.labels.masks import Mask
from voxel51.labels.metadata import ImageMetadata, VideoMetadata
from voxel51.labels.objects import DetectedObject, VideoObject
from voxel51.labels.records import Container, Numbered, One, Record
from voxel51.labels.supports import Support
from voxel51.labels.video import VideoFrame, VideoLabels

_RECORDS = (VideoLabels, VideoFrame, DetectedObject, VideoObject, DetectedEvent, VideoEvent,
            CategoricalAttribute, NumericAttribute, BooleanAttribute, Keypoints, Polyline, VideoMetadata,
            ImageLabels, ImageMetadata)  # fmt: skip
_BY_HAND: dict[type[Record], str] = {BoundingBox: "bounding-boxes", Support: "frames-and-ranges-of-them"}
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
        value = words_of(each.metadata["kind"]) + (" (needed)" if is_needed else "")
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
def _(kind: Scalar) -> str:
    return f"{kind.name}; {kind.condition}" if kind.condition else kind.name


@words_of.register
def _(kind: One) -> str:
    name = kind.record.__name__
    return f"[{name}](#{_BY_HAND.get(kind.record, name.lower())})"


@words_of.register
def _(kind: Container) -> str:
    return f'`{{"{kind.key}": […]}}` of {words_of(kind.kind)}'


@words_of.register
def _(kind: Numbered) -> str:
    text = f"object: number, from {kind.lowest}, to {words_of(kind.kind)}"
    return f'`{{"{kind.wrapper}": …}}` around an {text}' if kind.wrapper else text


@words_of.register
def _(kind: Listed) -> str:
    return f"list of {kind.length or ''}{' ' if kind.length else ''}{words_of(kind.kind)}"


@words_of.register
def _(kind: Mapped) -> str:
    return f"object: text to {words_of(kind.kind)}"


@words_of.register
def _(_: AnyAttribute) -> str:
    return "[an attribute](#categoricalattribute) of any type"


@words_of.register
def _(_: Mask) -> str:
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
