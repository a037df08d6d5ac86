"""Sparse looks: run a detector on as few frames as describe the motion of the objects.

The detector takes most of the time. In quiet passages it finds what a straight line between an earlier and a later
frame predicts. So a few frames are held, and the last of them is looked at first. If nothing moved since the frame
before them, or both show the same objects at nearly the same places, the held frames are left out. Otherwise the one in
the middle is looked at, and so on: an object that appears, disappears, turns or meets another one is looked at as often
as without this.

The choice depends on the frames only, never on time or load.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from voxel51.labels.media.frame import Pixels
from voxel51.platform.tracking.detections import Detections, iou_matrix

LEAST_OVERLAP = 0.4
"""Boxes of one object must overlap by this (IoU): it has moved little, so its path between is nearly straight."""

MOST_CROWDED_OVERLAP = 0.2
"""Objects that overlap more than this (IoU) may exchange their boxes between two looks."""

STILL_BLOCK = 8
"""Side, in pixels, of the blocks in which changes are measured: the width of the smallest people that are found."""

STILL_DIFFERENCE = 4.0
"""A block whose mean brightness differs by more than this (of 255) has changed. Noise differs by less than 2."""


@dataclass(frozen=True, slots=True)
class Look:
    """Frame that may be looked at, as resized for the detector: BGR, uint8 [H, W, 3]."""

    frame_number: int
    picture: Pixels


@dataclass(frozen=True, slots=True)
class Seen:
    """Frame that was looked at, and the detections in it."""

    look: Look
    found: Detections


@dataclass
class SparseLooks:
    """Chooses the frames that are looked at. The first and last frame of a shot always are, and so is every frame whose
    place is a multiple of ``most_held``, counted from the first frame of the job: what is held ends there, so the
    choice depends on frames nearby only.

    Attributes:
        find: the detector.
        least_score: detections with a lower score do not influence the choice.
        most_held: number of frames of which one is always looked at; 1 looks at every frame.
        place: number of frames so far that were counted.
    """

    find: Callable[[Pixels], Detections]
    least_score: float
    most_held: int
    place: int = 0
    _last: Seen | None = None
    _held: list[Look] = field(default_factory=list)

    @property
    def is_holding(self) -> bool:
        """Return whether frames wait for a later one."""
        return bool(self._held)

    @property
    def last_found(self) -> Detections | None:
        """Detections of the last look in this shot, for a checkpoint; None at the beginning of a shot."""
        return None if self._last is None else self._last.found

    def go_on(self, look: Look, found: Detections) -> None:
        """Go on after the last look before a checkpoint, and its detections."""
        self._last = Seen(look, found)

    def add(self, look: Look, *, ends_shot: bool, is_counted: bool = True) -> Iterator[Seen]:
        """Add the next frame; yield the frames that were looked at since, in order. A frame that is not counted is one
        of those at the ends of shots that would not be looked at otherwise.
        """
        self._held.append(look)
        is_due = is_counted and self.place % self.most_held == 0
        self.place += is_counted
        if ends_shot or self._last is None or is_due:
            held, self._held = self._held, []
            last = self._look_at(held[-1])
            if self._last is not None:
                yield from self._between(self._last, held[:-1], last)
            yield last
            self._last = None if ends_shot else last

    def _between(self, first: Seen, looks: Sequence[Look], last: Seen) -> Iterator[Seen]:
        """Yield the frames between two that must be looked at."""
        if not looks or is_still(first.look.picture, last.look.picture) or self._is_same_scene(first, last):
            return
        place = len(looks) // 2
        middle = self._look_at(looks[place])
        yield from self._between(first, looks[:place], middle)
        yield middle
        yield from self._between(middle, looks[place + 1 :], last)

    def _look_at(self, look: Look) -> Seen:
        return Seen(look, self.find(look.picture))

    def _is_same_scene(self, first: Seen, last: Seen) -> bool:
        return is_same_scene(*(each.found.chosen(each.found.scores >= self.least_score) for each in (first, last)))


def is_still(first: Pixels, second: Pixels) -> bool:
    """Return whether no part of a picture (BGR, uint8 [H, W, 3]) changed more than noise does."""
    height, width = first.shape[:2]
    blocks = max(1, width // STILL_BLOCK), max(1, height // STILL_BLOCK)
    changes = cv2.resize(cv2.absdiff(first, second), blocks, interpolation=cv2.INTER_AREA)
    return float(changes.max()) <= STILL_DIFFERENCE


def is_same_scene(first: Detections, second: Detections) -> bool:
    """Return whether two frames show the same objects, which moved little and are apart from each other."""
    if not len(first) or not len(second):
        return len(first) == len(second)
    overlaps = iou_matrix(first.boxes, second.boxes) >= LEAST_OVERLAP
    is_pair = overlaps & (first.classes[:, None] == second.classes[None])
    is_matched = is_pair.any(axis=1).all() and is_pair.any(axis=0).all()
    return bool(is_matched) and not _is_crowded(first) and not _is_crowded(second)


def _is_crowded(found: Detections) -> bool:
    overlaps = iou_matrix(found.boxes, found.boxes)
    np.fill_diagonal(overlaps, 0)
    return bool((overlaps > MOST_CROWDED_OVERLAP).any())
