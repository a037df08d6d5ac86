"""Comparison of two sets of labels of one video, such as those of two versions of an analytic."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from voxel51.labels.events import VideoEvent
from voxel51.labels.field_types import JsonValue
from voxel51.labels.overlap import SAME_OVERLAP, FrameBox, best_pairs, boxes_on, by_frame, iou_matrix
from voxel51.labels.video import VideoLabels

MOST_FRAMES = 100
"""Maximum number of frames that a comparison lists."""

Spans = tuple[tuple[int, int], ...]
"""First and last frame of each span."""


@dataclass(frozen=True, slots=True)
class BoxDifference:
    """Differences between the boxes of one label.

    Attributes:
        both: number of boxes in both sets, matched by overlap.
        mean_overlap: mean intersection over union of the matched boxes; None if no boxes match.
        only_first, only_second: number of boxes in one set only.
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
        boxes, events: differences by label.
        frames: frame number -> number of boxes in one set only, for the `MOST_FRAMES` most different frames.
        attributes: attributes of the whole video that differ: name -> value in the first and in the second set.
        provenance: provenance of each set.
    """

    boxes: Mapping[str, BoxDifference]
    events: Mapping[str, EventDifference]
    frames: Mapping[int, int]
    attributes: Mapping[str, tuple[JsonValue, JsonValue]]
    provenance: tuple[dict[str, JsonValue] | None, dict[str, JsonValue] | None]

    @property
    def is_same(self) -> bool:
        """Whether both sets have the same boxes (matched by overlap), events and attributes."""
        boxes = not self.frames and all(not (each.only_first or each.only_second) for each in self.boxes.values())
        events = all(not (each.only_first or each.only_second) for each in self.events.values())
        return boxes and events and not self.attributes


def compare(first: VideoLabels, second: VideoLabels, overlap: float = SAME_OVERLAP) -> Comparison:
    """Return the differences between ``first`` and ``second``; boxes that overlap at least ``overlap`` are the same.

    Raises:
        ValueError: the overlap is not above 0 and at most 1.
        ModuleNotFoundError: scipy is not installed.
    """
    if not 0 < overlap <= 1:
        raise ValueError(f"overlap is {overlap}; it must be above 0 and at most 1")
    numbers = {*first.frames_with_objects(), *second.frames_with_objects()}
    counts: Counter[int] = Counter()
    boxes = {
        name: _boxes(ones, others, overlap, counts)
        for name, (ones, others) in _by_label(boxes_on(first, numbers), boxes_on(second, numbers)).items()
    }
    names = sorted({event.label or "" for event in [*first.events, *second.events]})
    events = {name: _events(_spans(first.events, name), _spans(second.events, name)) for name in names}
    return Comparison(
        boxes=boxes,
        events=events,
        frames=dict(sorted(counts.most_common(MOST_FRAMES))),
        attributes=_attributes(first, second),
        provenance=(first.provenance, second.provenance),
    )


@dataclass(slots=True)
class _Matched:
    shares: list[float] = field(default_factory=list)
    only_first: int = 0
    only_second: int = 0


def _by_label(first: list[FrameBox], second: list[FrameBox]) -> Mapping[str, tuple[list[FrameBox], list[FrameBox]]]:
    found: dict[str, tuple[list[FrameBox], list[FrameBox]]] = defaultdict(lambda: ([], []))
    for side, boxes in enumerate((first, second)):
        for box in boxes:
            found[box.label][side].append(box)
    return dict(sorted(found.items()))


def _boxes(first: list[FrameBox], second: list[FrameBox], overlap: float, counts: Counter[int]) -> BoxDifference:
    matched, ones, others = _Matched(), by_frame(first), by_frame(second)
    for number in ones.keys() | others.keys():
        here, there = ones.get(number, []), others.get(number, [])
        shares = iou_matrix(here, there)
        pairs = best_pairs(shares, overlap)
        matched.shares += [float(shares[pair]) for pair in pairs]
        matched.only_first += len(here) - len(pairs)
        matched.only_second += len(there) - len(pairs)
        if alone := len(here) + len(there) - 2 * len(pairs):
            counts[number] += alone
    return BoxDifference(
        both=len(matched.shares),
        mean_overlap=sum(matched.shares) / len(matched.shares) if matched.shares else None,
        only_first=matched.only_first,
        only_second=matched.only_second,
        tracks_first=_track_count(first),
        tracks_second=_track_count(second),
    )


def _track_count(boxes: Iterable[FrameBox]) -> int:
    return len({box.track for box in boxes if box.track is not None})


def _spans(events: Iterable[VideoEvent], name: str) -> Counter[tuple[int, int]]:
    supports = (event.support for event in events if (event.label or "") == name)
    return Counter(
        (support.ranges[0][0], support.ranges[-1][1]) for support in supports if support is not None and support.ranges
    )


def _events(first: Counter[tuple[int, int]], second: Counter[tuple[int, int]]) -> EventDifference:
    return EventDifference(
        both=(first & second).total(),
        only_first=tuple(sorted((first - second).elements())),
        only_second=tuple(sorted((second - first).elements())),
    )


def _attributes(first: VideoLabels, second: VideoLabels) -> dict[str, tuple[JsonValue, JsonValue]]:
    ones, others = ({each.name or "": each.value for each in labels.attributes} for labels in (first, second))
    return {
        name: (ones.get(name), others.get(name))
        for name in sorted(ones.keys() | others.keys())
        if ones.get(name) != others.get(name)
    }
