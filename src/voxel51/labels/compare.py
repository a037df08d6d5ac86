"""Comparison of two sets of labels of one video, such as those of two versions of an analytic."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from voxel51.labels.box_differences import Differences, box_differences
from voxel51.labels.extras import extra
from voxel51.labels.field_types import JsonValue
from voxel51.labels.label_table import NO_TRACK, EventRange, LabelTable, table_of
from voxel51.labels.overlap import SAME_OVERLAP
from voxel51.labels.video import VideoLabels

with extra("labels"):
    import numpy as np

MOST_FRAMES = 100
"""Maximum number of frames that ``Comparison.frames`` lists."""

Spans = tuple[tuple[int, int], ...]
"""First and last frame of each span."""


@dataclass(frozen=True, slots=True)
class BoxDifference:
    """Differences between the boxes of one label.

    Attributes:
        both: number of boxes in both sets, matched by overlap.
        mean_overlap: mean intersection over union of the matched boxes; None if no boxes match.
        only_first, only_second: number of boxes in one set only, including those that have another label in the other.
        tracks_first, tracks_second: number of tracks that the boxes belong to.
    """

    both: int
    mean_overlap: float | None
    only_first: int
    only_second: int
    tracks_first: int
    tracks_second: int


@dataclass(frozen=True, slots=True)
class EventDifference:
    """Differences between the events of one label. Events are equal if their first and last frames are equal."""

    both: int
    only_first: Spans
    only_second: Spans


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences between two sets of labels.

    Attributes:
        overlap: the overlap from which two boxes are the same.
        boxes, events: differences by label.
        frames: frame number -> number of boxes in one set only, for the `MOST_FRAMES` most different frames.
        differences: the differing boxes, frame by frame.
        attributes: attributes of the whole video that differ: name -> value in the first and in the second set.
        provenance: provenance of each set.
    """

    overlap: float
    boxes: Mapping[str, BoxDifference]
    events: Mapping[str, EventDifference]
    frames: Mapping[int, int]
    differences: Differences
    attributes: Mapping[str, tuple[JsonValue, JsonValue]]
    provenance: tuple[dict[str, JsonValue] | None, dict[str, JsonValue] | None]

    @property
    def is_same(self) -> bool:
        """Whether both sets have the same boxes (matched by overlap), events and attributes."""
        boxes = not self.frames and all(not (each.only_first or each.only_second) for each in self.boxes.values())
        events = all(not (each.only_first or each.only_second) for each in self.events.values())
        return boxes and events and not self.attributes


def compare(
    first: VideoLabels | LabelTable, second: VideoLabels | LabelTable, overlap: float = SAME_OVERLAP
) -> Comparison:
    """Return the differences between ``first`` and ``second``; boxes that overlap at least ``overlap`` are the same.

    Tables (`read_table`) compare a million boxes with little memory; they are read from files as streams.

    Raises:
        ValueError: the overlap is not above 0 and at most 1.
        ModuleNotFoundError: scipy is not installed.
    """
    if not 0 < overlap <= 1:
        raise ValueError(f"overlap is {overlap}; it must be above 0 and at most 1")
    one, other = (each if isinstance(each, LabelTable) else table_of(each) for each in (first, second))
    found = box_differences(one, other, overlap)
    alone = dict(zip(found.differences.frames, found.alone_by_frame, strict=True))
    return Comparison(
        overlap=overlap,
        boxes={
            name: BoxDifference(
                both=counts.both,
                mean_overlap=counts.overlap_sum / counts.both if counts.both else None,
                only_first=counts.only_first,
                only_second=counts.only_second,
                tracks_first=_track_count(one, name),
                tracks_second=_track_count(other, name),
            )
            for name, counts in found.by_label.items()
        },
        events=_events(one.events, other.events),
        frames=dict(sorted(Counter(alone).most_common(MOST_FRAMES))),
        differences=found.differences,
        attributes=_attributes(one.attributes, other.attributes),
        provenance=(one.provenance, other.provenance),
    )


def _track_count(table: LabelTable, name: str) -> int:
    if name not in table.names:
        return 0
    tracks = np.unique(table.tracks[table.labels == table.names.index(name)])
    return int((tracks != NO_TRACK).sum())


def _events(first: Sequence[EventRange], second: Sequence[EventRange]) -> dict[str, EventDifference]:
    names = sorted({event.label for event in [*first, *second]})
    return {name: _event_difference(_spans(first, name), _spans(second, name)) for name in names}


def _spans(events: Iterable[EventRange], name: str) -> Counter[tuple[int, int]]:
    return Counter((event.first, event.last) for event in events if event.label == name)


def _event_difference(first: Counter[tuple[int, int]], second: Counter[tuple[int, int]]) -> EventDifference:
    return EventDifference(
        both=(first & second).total(),
        only_first=tuple(sorted((first - second).elements())),
        only_second=tuple(sorted((second - first).elements())),
    )


def _attributes(
    first: Mapping[str, JsonValue], second: Mapping[str, JsonValue]
) -> dict[str, tuple[JsonValue, JsonValue]]:
    return {
        name: (first.get(name), second.get(name))
        for name in sorted(first.keys() | second.keys())
        if first.get(name) != second.get(name)
    }
