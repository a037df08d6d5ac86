"""Label tables: the boxes and events of a video as columns, read from a file as a stream.

A million boxes take about 60 MB here, and twenty times as much as `DetectedObject`. Comparisons and charts use tables.
"""

import mmap
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voxel51.labels.events import VideoEvent
from voxel51.labels.extras import extra
from voxel51.labels.field_types import JsonValue
from voxel51.labels.objects import UNNAMED_LABEL
from voxel51.labels.streaming import items, labels_file, pairs
from voxel51.labels.support import Support
from voxel51.labels.video import VideoLabels

with extra("labels"):
    import numpy as np
    from numpy.typing import NDArray

NO_TRACK = -1
"""Track of a box without one."""


@dataclass(frozen=True, slots=True)
class EventRange:
    """First and last frame of an event with the label ``label``."""

    label: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class LabelTable:
    """Boxes of one video in columns, ordered by frame; boxes of a frame keep the order of the document.

    Attributes:
        names: labels of the boxes.
        frames: [N] frame numbers, from 1.
        labels: [N] positions in ``names``.
        tracks: [N] track numbers, or `NO_TRACK`.
        confidences: [N] in [0, 1]; NaN where no confidence is known.
        sides: [N, 4] left, top, right, bottom in relative coordinates.
        events: events over ranges of frames.
        attributes: attributes of the whole video by name.
        provenance: what made the labels; None if unknown.
        frame_rate: frames per second; None if unknown.
        frame_count: frames of the video; None if unknown.
        frame_size: width and height of the frames in pixels; None if unknown.
    """

    names: tuple[str, ...]
    frames: NDArray[np.int64]
    labels: NDArray[np.int64]
    tracks: NDArray[np.int64]
    confidences: NDArray[np.float64]
    sides: NDArray[np.float64]
    events: tuple[EventRange, ...]
    attributes: Mapping[str, JsonValue]
    provenance: dict[str, JsonValue] | None
    frame_rate: float | None
    frame_count: int | None
    frame_size: tuple[int, int] | None = None

    @property
    def last_frame(self) -> int:
        """The last frame that is known: that of the video, or else the last with a box or event; 0 without any."""
        boxes = int(self.frames[-1]) if len(self.frames) else 0
        return max(self.frame_count or 0, boxes, *(event.last for event in self.events), 0)


def table_of(labels: VideoLabels) -> LabelTable:
    """Return the table of labels that are in memory."""
    columns = _Columns()
    for number in labels.frames_with_objects():
        for each in labels.objects_in(number):
            if each.bounding_box is not None:
                box = each.bounding_box
                sides = (box.left, box.top, box.right, box.bottom)
                columns.add(number, each.label, each.index, each.confidence, sides)
    known = labels.metadata
    return columns.table(
        events=tuple(_ranges(labels.events)),
        attributes={each.name or "": each.value for each in labels.attributes},
        provenance=labels.provenance,
        frame_rate=known.frame_rate if known else None,
        frame_count=known.total_frame_count if known else None,
        frame_size=known.frame_size if known else None,
    )


def read_table(path: Path) -> LabelTable:
    """Return the table of the labels in the file at ``path``, without reading the file into memory.

    Raises:
        InvalidLabels: the file is not JSON, or not labels of a video.
        OSError: the file cannot be opened.
    """
    with labels_file(path) as file:
        return _Reader(file).read()


class _Columns:
    """Columns that grow: arrays of machine numbers, not lists of Python objects."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._frames, self._labels, self._tracks = array("q"), array("q"), array("q")
        self._confidences, self._sides = array("d"), array("d")

    def add(
        self, frame: int, label: str | None, track: int | None, confidence: float | None, sides: tuple[float, ...]
    ) -> None:
        self._frames.append(frame)
        self._labels.append(self._names.setdefault(label or UNNAMED_LABEL, len(self._names)))
        self._tracks.append(NO_TRACK if track is None else track)
        self._confidences.append(float("nan") if confidence is None else confidence)
        self._sides.extend(sides)

    def table(
        self,
        *,
        events: tuple[EventRange, ...],
        attributes: Mapping[str, JsonValue],
        provenance: dict[str, JsonValue] | None,
        frame_rate: float | None,
        frame_count: int | None,
        frame_size: tuple[int, int] | None,
    ) -> LabelTable:
        frames = np.frombuffer(self._frames, np.int64)
        order = np.argsort(frames, kind="stable")
        return LabelTable(
            names=tuple(self._names),
            frames=frames[order],
            labels=np.frombuffer(self._labels, np.int64)[order],
            tracks=np.frombuffer(self._tracks, np.int64)[order],
            confidences=np.frombuffer(self._confidences, np.float64)[order],
            sides=np.frombuffer(self._sides, np.float64).reshape(-1, 4)[order],
            events=events,
            attributes=attributes,
            provenance=provenance,
            frame_rate=frame_rate,
            frame_count=frame_count,
            frame_size=frame_size,
        )


class _Reader:
    """Reads a labels file section by section. Each section is one pass, and passes without content are skipped."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._columns = _Columns()

    def read(self) -> LabelTable:
        for key, frame in pairs(self._file, "frames"):
            for each in _entries(frame, "objects"):
                self._add(int(key), each, each.get("label"), each.get("index"), each.get("confidence"))
        if self._count('"frames"', most=2) > 1:  # tracks with frames of their own
            for track in items(self._file, "objects.objects.item"):
                for key, seen in (track.get("frames") or {}).items():
                    merged = [seen.get(name, track.get(name)) for name in ("label", "index", "confidence")]
                    self._add(int(key), seen, *merged)
        metadata = self._first("metadata") or {}
        rate, count = metadata.get("frame_rate"), metadata.get("total_frame_count")
        size = metadata.get("frame_size")
        return self._columns.table(
            events=tuple(self._events()),
            attributes={
                str(each.get("name") or ""): each.get("value") for each in self._all("attrs", "attrs.attrs.item")
            },
            provenance=self._first("provenance"),
            frame_rate=float(rate) if rate else None,
            frame_count=int(count) if count else None,
            frame_size=(int(size[0]), int(size[1])) if size else None,
        )

    def _add(
        self, number: int, seen: Mapping[str, JsonValue], label: JsonValue, track: JsonValue, confidence: JsonValue
    ) -> None:
        box = seen.get("bounding_box")
        if box is None:
            return
        first, last = box["top_left"], box["bottom_right"]
        sides = (float(first["x"]), float(first["y"]), float(last["x"]), float(last["y"]))
        self._columns.add(
            number,
            None if label is None else str(label),
            None if track is None else int(track),
            None if confidence is None else float(confidence),
            sides,
        )

    def _events(self) -> Iterator[EventRange]:
        for event in self._all("events", "events.events.item"):
            ranges = Support.read(event["support"]).ranges if event.get("support") else ()
            if ranges:
                yield EventRange(str(event.get("label") or ""), ranges[0][0], ranges[-1][1])

    def _all(self, key: str, prefix: str) -> Iterator[JsonValue]:
        """Yield the items at ``prefix``; without a pass if ``key`` is nowhere in the file."""
        if self._count(f'"{key}"', most=1):
            yield from items(self._file, prefix)

    def _first(self, key: str) -> JsonValue:
        return next(self._all(key, key), None)

    def _count(self, text: str, most: int) -> int:
        """Return how often ``text`` occurs in the file, counted up to ``most``."""
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found, position = 0, content.find(text.encode())
            while position >= 0 and found < most:
                found += 1
                position = content.find(text.encode(), position + 1)
        return found


def _entries(record: Mapping[str, JsonValue], name: str) -> list[Mapping[str, JsonValue]]:
    return list((record.get(name) or {}).get(name) or ())


def _ranges(events: list[VideoEvent]) -> Iterator[EventRange]:
    for event in events:
        if event.support is not None and event.support.ranges:
            yield EventRange(event.label or "", event.support.ranges[0][0], event.support.ranges[-1][1])
