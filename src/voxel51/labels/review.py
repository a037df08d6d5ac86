"""Review of labels: apply the edits of a reviewer to the labels of a video.

`apply_edits` is a pure function: equal labels and edits give equal results, so the edits without the last one undo it.
Ground truth is what a reviewer accepted; see `review_truth`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video_base import VideoFrame, VideoLabelsBase
from voxel51.wire.reviews import ACCEPTED_TAG, Edit, EditKind, checked_edits

PROVENANCE = "review"
"""Key of the provenance of labels that are a version of a review."""


class InvalidEdit(ValueError):
    """Edit that cannot be applied. ``position`` counts from 1; the text names it and the reason."""

    def __init__(self, position: int, kind: str, reason: str) -> None:
        super().__init__(f"edit {position} ({kind}): {reason}")
        self.position = position


@dataclass(frozen=True, slots=True)
class ReviewedLabels:
    """Result of edits.

    Attributes:
        labels: labels without the rejected tracks; boxes of accepted tracks have the tag ``accepted``.
        accepted: number of accepted tracks.
        undecided: number of tracks that are not accepted.
        changes: number of edits by kind.
    """

    labels: VideoLabelsBase
    accepted: int
    undecided: int
    changes: dict[str, int]


def numbered(labels: VideoLabelsBase) -> VideoLabelsBase:
    """Return the labels with all objects in ``frames``, where each track has a number that no other track has.

    Objects with the same index and label are a track, whose number is the index; if objects with another label have the
    same index, they get the next free number. So does each object without an index, as a track of one box, and each
    further box of a track in the same frame. Calling the function on its result changes nothing.
    """
    boxes = [*_boxes(labels)]
    free = max((index for _, box in boxes if (index := _index_of(box)) is not None), default=0) + 1
    taken: set[int] = set()
    numbers: dict[tuple[int, str | None], int] = {}  # index and label -> number of the track
    placed: set[tuple[int, int]] = set()  # frame and number of the track
    objects: dict[int, list[DetectedObject]] = {}
    for frame, box in boxes:
        index, label = _index_of(box), _label_of(box)
        track = None
        if index is not None:
            if (index, label) not in numbers:
                is_free = index not in taken
                numbers[index, label] = index if is_free else free
                free += not is_free
            track = numbers[index, label]
        if track is None or (frame, track) in placed:
            track, free = free, free + 1
        taken.add(track)
        placed.add((frame, track))
        objects.setdefault(frame, []).append(replace(box, index=track, label=label, frame_number=frame))
    return _with_frames(labels, objects)


def apply_edits(labels: VideoLabelsBase, edits: Sequence[Edit]) -> ReviewedLabels:
    """Return ``labels`` with the edits applied in their order. ``labels`` stays unchanged.

    A track that was rejected can be accepted by a later edit.

    Raises:
        InvalidEdit: an edit names a track or box that does not exist, or a number that is in use.
        ValueError: an edit has other keys or values than its kind.
    """
    checked = checked_edits(edits)
    labels = numbered(labels)
    tracks = _Tracks.of(labels)
    for position, edit in enumerate(checked, start=1):
        try:
            _APPLY[EditKind(edit["edit"])](tracks, edit)
        except LookupError as error:
            raise InvalidEdit(position, edit["edit"], str(error.args[0])) from None
    accepted = sum(track.is_accepted for track in tracks.kept())
    return ReviewedLabels(
        labels=_with_frames(labels, tracks.objects()),
        accepted=accepted,
        undecided=sum(1 for _ in tracks.kept()) - accepted,
        changes=dict(Counter(edit["edit"] for edit in checked)),
    )


def is_review(labels: VideoLabelsBase) -> bool:
    """Return whether the labels are a version of a review."""
    return PROVENANCE in (labels.provenance or {})


def review_truth(labels: VideoLabelsBase) -> tuple[VideoLabelsBase, VideoLabelsBase]:
    """Return the accepted objects of a review, which are ground truth, and those that are undecided."""
    return _with_objects(labels, _is_accepted), _with_objects(labels, lambda box: not _is_accepted(box))


@dataclass(slots=True)
class _Track:
    """Track under review: its boxes by frame, each with its position among the objects of all frames."""

    label: str | None
    is_accepted: bool = False
    is_rejected: bool = False
    boxes: dict[int, tuple[int, DetectedObject]] = field(default_factory=dict)


class _Tracks:
    """All tracks of a video, by number."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}
        self._count = 0

    @classmethod
    def of(cls, labels: VideoLabelsBase) -> "_Tracks":
        """Return the tracks of labels that `numbered` returned."""
        tracks = cls()
        for number, frame in labels.frames.items():
            for box in frame.objects:
                assert box.index is not None  # noqa: S101  (`numbered` sets it)
                track = tracks._tracks.setdefault(box.index, _Track(box.label))
                track.is_accepted |= _is_accepted(box)
                tracks._put(track, number, box)
        return tracks

    def kept(self) -> Iterator[_Track]:
        """Yield the tracks that are not rejected."""
        return (track for track in self._tracks.values() if not track.is_rejected)

    def objects(self) -> dict[int, list[DetectedObject]]:
        """Return the objects of the tracks that are kept, by frame. Those of the input stay in their order."""
        placed: dict[int, list[tuple[int, DetectedObject]]] = {}
        for number, track in self._tracks.items():
            for frame, (position, box) in () if track.is_rejected else track.boxes.items():
                tags = [*_other_tags(box), *([ACCEPTED_TAG] if track.is_accepted else [])]
                marked = replace(box, index=number, label=track.label, tags=tags or None)
                placed.setdefault(frame, []).append((position, marked))
        return {frame: [box for _, box in sorted(boxes, key=lambda each: each[0])] for frame, boxes in placed.items()}

    def accept(self, edit: Edit) -> None:
        for track in self._all(edit["tracks"]):
            track.is_accepted, track.is_rejected = True, False

    def reject(self, edit: Edit) -> None:
        for track in self._all(edit["tracks"]):
            track.is_accepted, track.is_rejected = False, True

    def rename(self, edit: Edit) -> None:
        for track in self._all(edit["tracks"]):
            track.label = edit["label"]

    def merge(self, edit: Edit) -> None:
        into = self._track(edit["into"])
        self._all(edit["tracks"])  # all or none
        for number in dict.fromkeys(edit["tracks"]):
            if number != edit["into"]:
                into.boxes = {**self._tracks.pop(number).boxes, **into.boxes}

    def split(self, edit: Edit) -> None:
        track = self._track(edit["track"])
        if edit["new_track"] in self._tracks:
            raise LookupError(f"track {edit['new_track']} exists already; choose another number as 'new_track'")
        later = {frame: box for frame, box in track.boxes.items() if frame >= edit["frame"]}
        if not later or len(later) == len(track.boxes):
            side = "before" if later else "from"
            text = f"track {edit['track']} has no box {side} frame {edit['frame']}, so there is nothing to split"
            raise LookupError(text)
        self._tracks[edit["new_track"]] = replace(track, boxes=later)
        track.boxes = {frame: box for frame, box in track.boxes.items() if frame < edit["frame"]}

    def draw(self, edit: Edit) -> None:
        number, frame = edit["track"], edit["frame"]
        if number not in self._tracks:
            if "label" not in edit:
                raise LookupError(f"track {number} does not exist. To draw a new track, add its 'label'.")
            self._tracks[number] = _Track(edit["label"], is_accepted=True)
        track = self._tracks[number]
        if edit.get("label", track.label) != track.label:
            reason = f"track {number} has the label {track.label!r}. Leave out 'label', or choose a new number."
            raise LookupError(reason)
        box = DetectedObject(bounding_box=BoundingBox(*(round(side, 5) for side in edit["box"])), frame_number=frame)
        self._put(track, frame, box)

    def erase(self, edit: Edit) -> None:
        track = self._track(edit["track"])
        if track.boxes.pop(edit["frame"], None) is None:
            raise LookupError(f"track {edit['track']} has no box in frame {edit['frame']}")
        if not track.boxes:
            del self._tracks[edit["track"]]

    def _put(self, track: _Track, frame: int, box: DetectedObject) -> None:
        track.boxes[frame] = (self._count, box)
        self._count += 1

    def _all(self, numbers: Sequence[int]) -> list[_Track]:
        return [self._track(number) for number in numbers]

    def _track(self, number: int) -> _Track:
        if number not in self._tracks:
            raise LookupError(f"track {number} does not exist; it may have been merged, or its last box erased")
        return self._tracks[number]


_APPLY: Mapping[EditKind, Callable[[_Tracks, Edit], None]] = {
    EditKind.ACCEPT: _Tracks.accept,
    EditKind.REJECT: _Tracks.reject,
    EditKind.RENAME: _Tracks.rename,
    EditKind.MERGE: _Tracks.merge,
    EditKind.SPLIT: _Tracks.split,
    EditKind.DRAW: _Tracks.draw,
    EditKind.ERASE: _Tracks.erase,
}


def _boxes(labels: VideoLabelsBase) -> Iterator[tuple[int, DetectedObject]]:
    """Yield all objects with the number of their frame, by frame; first those of frames, then those of tracks."""
    for number in labels.frames_with_objects():
        if number in labels.frames:
            yield from ((number, box) for box in labels.frames[number].objects)
        for track in labels.objects:
            seen = track.frames.get(number)
            if seen is not None:
                yield (
                    number,
                    replace(
                        seen,
                        label=seen.label or track.label,
                        index=track.index if seen.index is None else seen.index,
                        confidence=track.confidence if seen.confidence is None else seen.confidence,
                        attributes=[*track.attributes, *seen.attributes],
                    ),
                )


def _with_frames(labels: VideoLabelsBase, objects: Mapping[int, list[DetectedObject]]) -> VideoLabelsBase:
    """Return the labels with these objects, by frame, and no others."""
    frames = {
        number: replace(labels.frames.get(number) or VideoFrame(frame_number=number), objects=objects.get(number, []))
        for number in sorted({*labels.frames, *objects})
    }
    return replace(labels, frames=frames, objects=[])


def _with_objects(labels: VideoLabelsBase, belongs: Callable[[DetectedObject], bool]) -> VideoLabelsBase:
    chosen = {number: [box for box in frame.objects if belongs(box)] for number, frame in labels.frames.items()}
    return _with_frames(labels, chosen)


# Readers of labels accept values of other types than the format defines, so these are not relied on.


def _is_accepted(box: DetectedObject) -> bool:
    return isinstance(box.tags, list) and ACCEPTED_TAG in box.tags


def _other_tags(box: DetectedObject) -> list[str]:
    return [tag for tag in box.tags if tag != ACCEPTED_TAG] if isinstance(box.tags, list) else []


def _index_of(box: DetectedObject) -> int | None:
    return box.index if isinstance(box.index, int) and box.index >= 0 else None


def _label_of(box: DetectedObject) -> str | None:
    return None if box.label is None else str(box.label)
