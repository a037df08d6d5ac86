"""Label merges: join the labels of the parts of a split job, for analytics that do not merge by themselves.

The labels of a frame are those of the part that answers for it. An event, and with `merge_tracks` a track, that two
parts both saw in the frames that both read, is one. Files are streamed; only what was seen in shared frames is held.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voxel51.labels.errors import InvalidLabels, Problem
from voxel51.labels.events import VideoEvent
from voxel51.labels.field_types import JsonValue
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.overlap import best_pairs
from voxel51.labels.streaming import items, labels_file, pairs
from voxel51.labels.support import Support
from voxel51.labels.video import VideoLabels
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job

SAME_TRACK = 0.5
"""Least mean overlap (IoU), over the frames in which both are seen, of two tracks that are one."""

SHARED_FRAMES = 0.5
"""Least share of these frames among the shared ones in which the shorter track is seen."""

Sides = tuple[float, float, float, float]
Seen = Mapping[tuple[str, int], Mapping[int, Sides]]
"""Boxes of tracks by frame number. A track has a label and a number."""

Renumber = Callable[[int, Mapping[str, JsonValue]], Mapping[str, JsonValue]]
"""Function that returns a frame, by the position of its part, with its tracks renumbered."""


def merge_frames(job: Job, parts: Sequence[PartOutput]) -> None:
    """Write the labels of all frames and events; an event that two parts saw in the same frames is one."""
    _merge(job, parts, lambda _, frame: frame)


def merge_tracks(job: Job, parts: Sequence[PartOutput]) -> None:
    """Write the labels of all frames and events, and join tracks that two parts saw at the same places in the frames
    that both read. Tracks are numbered from 1 in the order in which they appear.
    """
    _merge(job, parts, _TrackNumbers(parts).renumbered)


def _merge(job: Job, parts: Sequence[PartOutput], renumbered: Renumber) -> None:
    facts = [_PartLabels.of(each) for each in parts]
    (path,) = job.outputs.values()
    with VideoLabelsWriter.open(path, facts[-1].filename) as labels:
        for position, each in enumerate(parts):
            for number, frame in _frames(each.path):
                if each.part.first_frame <= number <= each.part.last_frame:
                    labels.restore_frame(number, renumbered(position, frame))
                    job.progress(number, parts[-1].part.last_frame + 1)
        labels.events = _joined_events(parts, facts)
        labels.metadata = facts[-1].metadata
        for each_facts in facts:
            labels.attributes += [each for each in each_facts.whole.attributes if each not in labels.attributes]
            for name, sha256 in each_facts.weights.items():
                job.record_weights(name, sha256)
        labels.provenance = job.provenance()
    _report(job, parts, facts)


def _report(job: Job, parts: Sequence[PartOutput], facts: Sequence["_PartLabels"]) -> None:
    """Report what was analysed, as a job that is not split does."""
    for each in facts:
        for attribute in each.whole.attributes:
            if attribute.name == "warning":
                job.warn(str(attribute.value))
    metadata = facts[-1].metadata
    if metadata is not None:
        count = sum(each.part.last_frame - each.part.first_frame + 1 for each in parts)
        is_whole = count == metadata.total_frame_count
        seconds = metadata.duration if is_whole else count / (metadata.frame_rate or 25.0)
        job.record_input(next(iter(job.inputs)), metadata.to_json())
        job.record_amount(count, round(seconds or 0.0, 3), metadata.size_bytes or 0)
    job.progress(parts[-1].part.last_frame, parts[-1].part.last_frame)


@dataclass(frozen=True, slots=True)
class _PartLabels:
    """Labels of a part, without its frames."""

    filename: str | None
    metadata: VideoMetadata | None
    weights: Mapping[str, str]
    whole: VideoLabels

    @classmethod
    def of(cls, each: PartOutput) -> "_PartLabels":
        with labels_file(each.path) as file:
            if next(items(file, "objects.objects.item"), None) is not None:
                text = "tracks in `objects` cannot be merged. Label frames, or give Splitting a merge of its own"
                raise InvalidLabels([Problem("objects", text)])
            whole = VideoLabels.from_json({
                "events": {"events": [*items(file, "events.events.item")]},
                "attrs": {"attrs": [*items(file, "attrs.attrs.item")]},
            })  # fmt: skip
            metadata = next(items(file, "metadata"), None)
            weights = next(items(file, "provenance.weights"), None) or {}
            filename = next(items(file, "filename"), None)
        return cls(filename, None if metadata is None else VideoMetadata.from_json(metadata), weights, whole)


def _frames(path: Path) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
    with labels_file(path) as file:
        for key, frame in pairs(file, "frames"):
            yield int(key), frame


def _joined_events(parts: Sequence[PartOutput], facts: Sequence[_PartLabels]) -> list[VideoEvent]:
    """Return the events that reach into the frames of a part; those of one label that meet at its end are one."""
    joined: list[VideoEvent] = []
    for each, of_part in zip(parts, facts, strict=True):
        open_before = [event for event in joined if _last(event) >= each.part.first_frame - 1]
        for event in of_part.whole.events:
            first, last = _first(event), _last(event)
            if last < each.part.first_frame or first > each.part.last_frame:
                continue  # another part answers for it
            same = next((one for one in open_before if one.label == event.label and _last(one) >= first - 1), None)
            if same is None:
                joined.append(event)
            else:
                same.support = Support.of(_first(same), max(last, _last(same)))
                open_before.remove(same)
    numbered = [event for event in joined if event.index is not None]
    for index, event in enumerate(numbered, start=1):
        event.index = index
    return joined


def _first(event: VideoEvent) -> int:
    return event.support.ranges[0][0] if event.support and event.support.ranges else 0


def _last(event: VideoEvent) -> int:
    return event.support.ranges[-1][1] if event.support and event.support.ranges else 0


class _TrackNumbers:
    """Numbers of tracks in the whole video, by part."""

    def __init__(self, parts: Sequence[PartOutput]) -> None:
        self._numbers: dict[tuple[int, str, int], int] = {}
        self._same: dict[tuple[int, str, int], tuple[int, str, int]] = {}
        for position in range(1, len(parts)):
            for one, other in _same_tracks(parts[position - 1].path, parts[position].path):
                self._same[(position, *other)] = (position - 1, *one)

    def renumbered(self, position: int, frame: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        """Return the labels of a frame of the part at ``position``, with the numbers of the whole video."""
        objects = (frame.get("objects") or {}).get("objects") or ()
        for each in objects:
            if each.get("index") is not None:
                each["index"] = self._number((position, str(each.get("label") or ""), int(each["index"])))
        return frame

    def _number(self, track: tuple[int, str, int]) -> int:
        while track in self._same:
            track = self._same[track]
        return self._numbers.setdefault(track, len(self._numbers) + 1)


def _same_tracks(before: Path, after: Path) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """Return the pairs of tracks of two parts that are one: for the greatest overlap in the frames of both."""
    begin = next((number for number, _ in _frames(after)), 0)
    last: Seen = _seen(before, begin, None)
    end = max((number for boxes in last.values() for number in boxes), default=0)
    first: Seen = _seen(after, begin, end)
    ones, others = [*last], [*first]
    worth = np.zeros((len(ones), len(others)))
    for row, one in enumerate(ones):
        for column, other in enumerate(others):
            worth[row, column] = _likeness(last[one], first[other]) if one[0] == other[0] else 0.0
    return [(ones[row], others[column]) for row, column in best_pairs(worth, SAME_TRACK)]


def _seen(path: Path, begin: int, end: int | None) -> Seen:
    found: dict[tuple[str, int], dict[int, Sides]] = defaultdict(dict)
    for number, frame in _frames(path):
        if end is not None and number > end:
            break
        for each in (frame.get("objects") or {}).get("objects") or () if number >= begin else ():
            if each.get("index") is not None and each.get("bounding_box") is not None:
                box = BoundingBox.read(each["bounding_box"])
                sides = (box.left, box.top, box.right, box.bottom)
                found[str(each.get("label") or ""), int(each["index"])][number] = sides
    return found


def _likeness(one: Mapping[int, Sides], other: Mapping[int, Sides]) -> float:
    """Return the mean overlap of two tracks in the frames in which both are seen; 0 if these are few."""
    both = one.keys() & other.keys()
    if len(both) < SHARED_FRAMES * min(len(one), len(other)):
        return 0.0
    return sum(_overlap(one[number], other[number]) for number in both) / len(both)


def _overlap(one: Sides, other: Sides) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (one, other)]
    return width * height / (sum(areas) - width * height)
