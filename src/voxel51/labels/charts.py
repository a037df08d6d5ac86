"""Charts of labels: counts by class, over time, lengths and speeds of tracks, time in a zone and crossings of a line.

The place of a box is the middle of its lower side, where an object touches the ground.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from voxel51.labels.extras import extra
from voxel51.labels.geometry import LOWEST
from voxel51.labels.label_table import NO_TRACK, LabelTable
from voxel51.labels.track_bars import LENGTH_BOUNDS, LONGEST_GAP_SECONDS, SPEED_BOUNDS

with extra("labels"):
    import numpy as np
    from numpy.typing import NDArray

MOST_STEPS = 120
"""Maximum number of steps of the chart over time."""

MOST_LISTED = 1000
"""Maximum number of visits and crossings that are listed; all are counted."""

_USUAL_RATE = 25.0
Points = Sequence[tuple[float, float]]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Count of one label. ``seconds`` are those of video: objects at the same time count once."""

    label: str
    boxes: int
    tracks: int
    frames: int
    seconds: float
    first_frame: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Greatest number of boxes in one frame, by label and step; ``starts`` are the first frames of the steps."""

    starts: tuple[int, ...]
    counts: dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class LengthBar:
    """Number of tracks of at least ``seconds``, and below the bound of the next bar; the longest is an example."""

    seconds: float
    tracks: int
    first_frame: int | None


@dataclass(frozen=True, slots=True)
class SpeedBar:
    """Number of tracks with a mean speed of at least ``speed`` pixels per second, and below that of the next bar.

    The speed is that along the path, so that of a box that trembles is not 0. The fastest track is an example.
    """

    speed: float
    tracks: int
    first_frame: int | None


@dataclass(frozen=True, slots=True)
class Visit:
    """Time of a track in the zone, without a gap of more than a second."""

    label: str
    track: int
    first_frame: int
    last_frame: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """Visits of one label to the zone: their number, and their seconds as a sum over tracks."""

    label: str
    visits: int
    tracks: int
    seconds: float
    first_frame: int


@dataclass(frozen=True, slots=True)
class Crossing:
    """Crossing of the line in a frame; ``to_right`` is the side as seen from its first point to its second."""

    label: str
    track: int
    frame: int
    to_right: bool


@dataclass(frozen=True, slots=True)
class CrossingCount:
    """Crossings of one label in both directions."""

    label: str
    to_right: int
    to_left: int
    first_frame: int


@dataclass(frozen=True, slots=True)
class Charts:
    """All charts. Those of the zone and the line are None where none was given; lists have at most `MOST_LISTED`.

    ``speeds`` is None if the size of the frames is unknown. Tracks of one box have no speed.
    """

    frame_count: int
    frame_rate: float
    classes: tuple[ClassCount, ...]
    timeline: Timeline
    lengths: tuple[LengthBar, ...]
    speeds: tuple[SpeedBar, ...] | None
    zone: tuple[ZoneCount, ...] | None
    visits: tuple[Visit, ...] | None
    line: tuple[CrossingCount, ...] | None
    crossings: tuple[Crossing, ...] | None


def charts_of(table: LabelTable, zone: Points | None = None, line: Points | None = None) -> Charts:
    """Return the charts of a job's labels.

    Args:
        table: the labels.
        zone: corners of a polygon, in relative coordinates.
        line: two points, in relative coordinates.

    Raises:
        ValueError: the zone has less than three corners, or the line has not two points.
    """
    if zone is not None and len(zone) < 3:
        raise ValueError(f"a zone has at least 3 corners, not {len(zone)}")
    if line is not None and len(line) != 2:
        raise ValueError(f"a line has 2 points, not {len(line)}")
    rate = table.frame_rate or _USUAL_RATE
    paths = _Paths.of(table, rate)
    visits = None if zone is None else _visits(paths, zone)
    crossings = None if line is None else _crossings(paths, line)
    return Charts(
        frame_count=table.last_frame,
        frame_rate=rate,
        classes=_classes(table, rate),
        timeline=_timeline(table),
        lengths=_lengths(paths),
        speeds=None if table.frame_size is None else _speeds(paths, table.frame_size),
        zone=None if visits is None else _by_zone(visits),
        visits=None if visits is None else tuple(sorted(visits, key=lambda each: -each.seconds)[:MOST_LISTED]),
        line=None if crossings is None else _by_line(crossings),
        crossings=None if crossings is None else tuple(crossings[:MOST_LISTED]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Paths:
    """Boxes with a track, ordered by label, track and frame. ``starts`` are the positions at which tracks begin."""

    names: tuple[str, ...]
    labels: Numbers
    tracks: Numbers
    frames: Numbers
    places: NDArray[np.float64]
    starts: Numbers
    rate: float

    @classmethod
    def of(cls, table: LabelTable, rate: float) -> "_Paths":
        chosen = np.flatnonzero(table.tracks != NO_TRACK)
        order = chosen[np.lexsort((table.frames[chosen], table.tracks[chosen], table.labels[chosen]))]
        labels, tracks, sides = table.labels[order], table.tracks[order], table.sides[order]
        is_new = np.ones(len(order), bool)
        is_new[1:] = (np.diff(labels) != 0) | (np.diff(tracks) != 0)
        places = np.stack([(sides[:, 0] + sides[:, 2]) / 2, sides[:, 3]], axis=1)
        return cls(table.names, labels, tracks, table.frames[order], places, np.flatnonzero(is_new), rate)

    @property
    def is_continued(self) -> NDArray[np.bool_]:
        """Whether each box but the first follows one of its own track, at most a second before."""
        is_continued = np.diff(self.frames) <= max(1, round(self.rate * LONGEST_GAP_SECONDS))
        inner = self.starts[self.starts > 0] - 1
        is_continued[inner] = False
        return is_continued


def _classes(table: LabelTable, rate: float) -> tuple[ClassCount, ...]:
    found = []
    for number, name in enumerate(table.names):
        is_this = table.labels == number
        frames = np.unique(table.frames[is_this])
        tracks = np.unique(table.tracks[is_this])
        count = int((tracks != NO_TRACK).sum())
        found.append(
            ClassCount(name, int(is_this.sum()), count, len(frames), round(len(frames) / rate, 3), int(frames[0]))
        )
    return tuple(sorted(found, key=lambda each: (-each.boxes, each.label)))


def _timeline(table: LabelTable) -> Timeline:
    last = max(table.last_frame, min(len(table.frames), 1))
    step = max(1, -(-last // MOST_STEPS))
    starts = tuple(range(1, last + 1, step))
    counts = {}
    for number, name in enumerate(table.names):
        frames, boxes = np.unique(table.frames[table.labels == number], return_counts=True)
        highest = np.zeros(len(starts), np.int64)
        np.maximum.at(highest, np.maximum(frames - 1, 0) // step, boxes)  # labels of others may begin with frame 0
        counts[name] = tuple(highest.tolist())
    return Timeline(starts, counts)


def _lengths(paths: _Paths) -> tuple[LengthBar, ...]:
    ends = np.append(paths.starts[1:], len(paths.frames)) - 1
    first = paths.frames[paths.starts]
    seconds = (paths.frames[ends] - first + 1) / paths.rate if len(first) else np.empty(0)
    bars = np.searchsorted(LENGTH_BOUNDS, seconds, side="right") - 1
    found = []
    for at, bound in enumerate(LENGTH_BOUNDS):
        inside = np.flatnonzero(bars == at)
        example = int(first[inside[np.argmax(seconds[inside])]]) if len(inside) else None
        found.append(LengthBar(bound, len(inside), example))
    return tuple(found)


def _speeds(paths: _Paths, frame_size: tuple[int, int]) -> tuple[SpeedBar, ...]:
    seconds = np.zeros(len(paths.starts))
    pixels = np.zeros(len(paths.starts))
    if len(paths.frames) > 1:
        steps = np.hypot(*(np.diff(paths.places, axis=0) * frame_size).T)
        is_path = paths.is_continued
        numbers = (np.searchsorted(paths.starts, np.arange(len(paths.frames)), side="right") - 1)[1:][is_path]
        np.add.at(pixels, numbers, steps[is_path])
        np.add.at(seconds, numbers, np.diff(paths.frames)[is_path] / paths.rate)
    moving = np.flatnonzero(seconds > 0)
    speeds, first = pixels[moving] / seconds[moving], paths.frames[paths.starts[moving]]
    bars = np.searchsorted(SPEED_BOUNDS, speeds, side="right") - 1
    found = []
    for at, bound in enumerate(SPEED_BOUNDS):
        inside = np.flatnonzero(bars == at)
        example = int(first[inside[np.argmax(speeds[inside])]]) if len(inside) else None
        found.append(SpeedBar(bound, len(inside), example))
    return tuple(found)


def _visits(paths: _Paths, zone: Points) -> list[Visit]:
    inside = np.flatnonzero(_is_inside(paths.places, zone))
    if not len(inside):
        return []
    gap = max(1, round(paths.rate * LONGEST_GAP_SECONDS))
    labels, tracks, frames = paths.labels[inside], paths.tracks[inside], paths.frames[inside]
    is_new = (np.diff(labels) != 0) | (np.diff(tracks) != 0) | (np.diff(frames) > gap)
    starts = np.concatenate([[0], np.flatnonzero(is_new) + 1])
    ends = np.append(starts[1:], len(inside)) - 1
    return [
        Visit(
            paths.names[labels[a]], int(tracks[a]), int(frames[a]), int(frames[b]),
            round(float(frames[b] - frames[a] + 1) / paths.rate, 3),
        )
        for a, b in zip(starts, ends, strict=True)
    ]  # fmt: skip


def _is_inside(places: NDArray[np.float64], zone: Points) -> NDArray[np.bool_]:
    """Return which places are in a polygon: those from which a ray to the right crosses an odd number of its sides."""
    x, y = places[:, 0], np.minimum(places[:, 1], LOWEST)
    inside = np.zeros(len(places), bool)
    for (x1, y1), (x2, y2) in zip(zone, [*zone[1:], zone[0]], strict=True):
        if y1 != y2:
            is_beside = (y1 > y) != (y2 > y)
            inside ^= is_beside & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside


def _crossings(paths: _Paths, line: Points) -> list[Crossing]:
    if len(paths.frames) < 2:
        return []
    one, other = (np.array(point) for point in line)
    before, after = paths.places[:-1], paths.places[1:]
    start, end = _side(one, other, before), _side(one, other, after)
    # A place on the line counts as right of it, so a path that touches the line crosses it once.
    is_crossed = paths.is_continued & ((start < 0) != (end < 0))
    is_crossed &= (_side(before, after, one) < 0) != (_side(before, after, other) < 0)
    found = np.flatnonzero(is_crossed)
    listed = [
        Crossing(paths.names[paths.labels[at]], int(paths.tracks[at]), int(paths.frames[at + 1]), bool(start[at] < 0))
        for at in found
    ]
    return sorted(listed, key=lambda each: each.frame)


def _side(one: NDArray[np.float64], other: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a positive number for a place right of the way from one point to the other (y points down)."""
    along, across = other - one, place - one
    side: NDArray[np.float64] = along[..., 0] * across[..., 1] - along[..., 1] * across[..., 0]
    return side


def _by_zone(visits: Sequence[Visit]) -> tuple[ZoneCount, ...]:
    found = []
    for label in sorted({each.label for each in visits}):
        own = [each for each in visits if each.label == label]
        tracks = {each.track for each in own}
        seconds, first = round(sum(each.seconds for each in own), 3), min(each.first_frame for each in own)
        found.append(ZoneCount(label, len(own), len(tracks), seconds, first))
    return tuple(found)


def _by_line(crossings: Sequence[Crossing]) -> tuple[CrossingCount, ...]:
    found = []
    for label in sorted({each.label for each in crossings}):
        own = [each for each in crossings if each.label == label]
        to_right = sum(each.to_right for each in own)
        found.append(CrossingCount(label, to_right, len(own) - to_right, own[0].frame))
    return tuple(found)
