"""Box tracker: assign the boxes of each frame to the tracks of earlier frames.

Implemented from the papers:

- Y. Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022: boxes of low score
  do not start tracks, but continue them.
- J. Cao et al., "Observation-Centric SORT: Rethinking SORT for Robust Multi-Object Tracking", CVPR 2023: a lost object
  is also matched at its last observed position, and its motion is then corrected for the hidden time.
- N. Wojke et al., "Simple Online and Realtime Tracking with a Deep Association Metric", ICIP 2017: appearance is part
  of the matching; here it is a colour histogram instead of a network.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voxel51.platform.tracking.appearance import LearnedLook, Looks
from voxel51.platform.tracking.assignment import assign
from voxel51.platform.tracking.detections import Detections, Floats, iou_matrix
from voxel51.platform.tracking.kalman_filter import BoxKalmanFilter
from voxel51.platform.tracking.track import Observation, Track

FIRST_OVERLAP = 0.2
"""Minimum worth, without appearance the overlap (IoU), of a sure box for the track that it continues."""

SECOND_OVERLAP = 0.4
"""The same for an unsure box, which needs more evidence."""

OTHER_CLASS_PENALTY = 0.3
"""Subtracted from the overlap of boxes of different classes: detectors confuse vans with cars, but not for long."""

APPEARANCE_WEIGHT = 1.5
"""Weight of the similarity of colours, beside the overlap. On crossing people, weights from 1 to 2 gave similar
results; without appearance they exchange their numbers.
"""

NEUTRAL_SIMILARITY = 0.75
"""Similarity that speaks neither for nor against a match. The median is 0.87 for the same person, 0.59 for others."""

CROWDED_SHARE = 0.5
"""Share of the weight if the box shows another object too, and again if the track was never seen alone."""

MOST_CROWDED_PENALTY = 0.2
"""Limit of what dissimilar colours subtract in such a case: the colours may be those of the other object."""

LEAST_OVERLAP = 0.05
"""Minimum overlap of a match, however similar the colours are."""

SAME_LOOK = 0.8
"""Minimum similarity of a box with the lost track that it continues without any overlap."""

_REACH, _REACH_PER_SECOND = 0.5, 1.2
"""Distance that a lost object may have moved, in heights of its box; a person walks about one height per second."""

_SIZE_RATIO = 1.5
"""Largest ratio of the heights of a lost object and a box that continues it."""


@dataclass
class BoxTracker:
    """Assigns detections to tracks frame by frame. Frames may be skipped, as long as their numbers increase.

    Attributes:
        sure_score: minimum score of a box that starts a track; other boxes only continue tracks.
        max_hidden_frames: a track without an observation for longer is lost.
        max_lost_frames: a track without an observation for longer is dropped; until then, it continues where an
            object of its appearance is seen nearby. At least ``max_hidden_frames``.
        frame_rate: frames per second, which limits how far lost objects move.
    """

    sure_score: float
    max_hidden_frames: int
    max_lost_frames: int = 0
    frame_rate: float = 25.0
    _tracks: list[Track] = field(default_factory=list)
    _count: int = 0
    _frame_number: int = 0
    _previous_number: int = 0

    def step(self, frame_number: int, found: Detections, looks: Looks | None = None) -> list[Track]:
        """Return the tracks observed in this frame, old and new; `Track.last` has their position.

        ``looks`` is the appearance of the detections. Without it, boxes are matched by overlap only.
        """
        longest = max(self.max_hidden_frames, self.max_lost_frames)
        self._tracks = [each for each in self._tracks if frame_number - each.last.frame_number <= longest]
        self._previous_number, self._frame_number = self._frame_number, frame_number
        for track in self._tracks:
            track.motion.predict(frame_number - self._previous_number)
        boxes = _Boxes(found, looks)
        # ByteTrack: sure boxes are matched first, then unsure ones, to tracks that are not hidden.
        is_sure = found.scores >= self.sure_score
        sure, unsure = boxes.chosen(is_sure), boxes.chosen(~is_sure)
        near = [each for each in self._tracks if frame_number - each.last.frame_number <= self.max_hidden_frames]
        waiting, rest = self._match(near, sure, _predicted, FIRST_OVERLAP)
        current = [each for each in waiting if not self._was_hidden(each)]
        unseen, _ = self._match(current, unsure, _predicted, SECOND_OVERLAP)
        unseen += [each for each in waiting if self._was_hidden(each)]
        # OC-SORT: then remaining sure boxes, at the last observed positions of unmatched tracks.
        _, rest = self._match(unseen, rest, _last_seen, FIRST_OVERLAP)
        rest = self._find_again([each for each in self._tracks if self._was_hidden(each)], rest)
        for position in range(len(rest.found)):
            self._begin(rest, position)
        return [each for each in self._tracks if each.last.frame_number == frame_number]

    def forget(self) -> None:
        """Drop all tracks, as after a cut. Numbers are not reused."""
        self._tracks = []

    def _match(
        self, tracks: list[Track], boxes: "_Boxes", place: Callable[[Track], Floats], least_worth: float
    ) -> tuple[list[Track], "_Boxes"]:
        """Assign boxes to tracks for the greatest total worth; return the unmatched tracks and boxes."""
        if not tracks or not len(boxes.found):
            return tracks, boxes
        overlap = iou_matrix(np.stack([place(each) for each in tracks]), boxes.found.boxes)
        penalty = np.where(boxes.are_of_other_class(tracks), np.float32(OTHER_CLASS_PENALTY), np.float32(0))
        worth = np.asarray(overlap - penalty + _appearance_worth(tracks, boxes), np.float32)
        pairs = _best_pairs(worth, (worth >= least_worth) & (overlap >= LEAST_OVERLAP))
        for row, column in pairs:
            hidden = self._was_hidden(tracks[row])
            tracks[row].observe(self._observation(boxes, column), int(boxes.found.classes[column]), was_hidden=hidden)
            _learn(tracks[row], boxes, column)
        return _rest(tracks, boxes, pairs)

    def _find_again(self, tracks: list[Track], boxes: "_Boxes") -> "_Boxes":
        """Continue lost tracks with boxes of the same appearance within reach; return the other boxes."""
        lost = [each for each in tracks if each.look is not None and each.look.is_learned]
        if not lost or not len(boxes.found) or boxes.looks is None:
            return boxes
        last = np.stack([each.last.box for each in lost])
        heights = (last[:, None, 3] - last[:, None, 1]), (boxes.found.boxes[:, 3] - boxes.found.boxes[:, 1])[None]
        larger, smaller = np.maximum(*heights), np.maximum(np.minimum(*heights), 1)
        moved = (last[:, None, :2] + last[:, None, 2:] - boxes.found.boxes[:, :2] - boxes.found.boxes[:, 2:]) / 2
        seconds = np.array([[self._frame_number - each.last.frame_number] for each in lost]) / self.frame_rate
        similarity = _similarity(lost, boxes.looks)
        is_possible = (
            (np.linalg.norm(moved, axis=2) <= larger * (_REACH + _REACH_PER_SECOND * seconds))
            & (larger <= smaller * _SIZE_RATIO)
            & (similarity >= SAME_LOOK)
            & boxes.looks.are_alone[None]
            & ~boxes.are_of_other_class(lost)
        )
        pairs = _best_pairs(similarity, is_possible)
        for row, column in pairs:
            lost[row].find_again(self._observation(boxes, column), int(boxes.found.classes[column]))
            _learn(lost[row], boxes, column)
        return _rest(lost, boxes, pairs)[1]

    def _was_hidden(self, track: Track) -> bool:
        return track.last.frame_number < self._previous_number

    def _begin(self, boxes: "_Boxes", position: int) -> None:
        self._count += 1
        seen, looks = self._observation(boxes, position), boxes.looks
        look = LearnedLook(looks.histograms[position], is_alone=bool(looks.are_alone[position])) if looks else None
        votes = {int(boxes.found.classes[position]): seen.score}
        self._tracks.append(Track(self._count, seen, BoxKalmanFilter(seen.box), votes, look))

    def _observation(self, boxes: "_Boxes", position: int) -> Observation:
        found = boxes.found
        return Observation(self._frame_number, found.boxes[position], float(found.scores[position]))


@dataclass(frozen=True, slots=True)
class _Boxes:
    """Detections of a frame with their appearance, if it is used."""

    found: Detections
    looks: Looks | None

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "_Boxes":
        return _Boxes(self.found.chosen(which), self.looks.chosen(which) if self.looks else None)

    def are_of_other_class(self, tracks: list[Track]) -> NDArray[np.bool_]:
        """Return whether each track [T, 1] and each box [1, N] differ in class: [T, N]."""
        return np.not_equal([[each.class_index] for each in tracks], self.found.classes[None, :])


def _appearance_worth(tracks: list[Track], boxes: _Boxes) -> Floats | float:
    """Return what the appearance adds to the worth of each pair [T, N], negative for dissimilar ones."""
    if boxes.looks is None:
        return 0.0
    trust = np.where(boxes.looks.are_alone, 1.0, CROWDED_SHARE)[None]
    trust = trust * np.array([[1.0 if each.look and each.look.is_learned else CROWDED_SHARE] for each in tracks])
    worth = APPEARANCE_WEIGHT * trust * (_similarity(tracks, boxes.looks) - NEUTRAL_SIMILARITY)
    return np.asarray(np.where(trust < 1, np.maximum(worth, -MOST_CROWDED_PENALTY), worth), np.float32)


def _similarity(tracks: list[Track], looks: Looks) -> Floats:
    """Return the similarity of each track with each box [T, N], 0 to 1. All have an appearance."""
    histograms = np.stack([each.look.histogram for each in tracks if each.look is not None])
    return np.asarray(histograms @ looks.histograms.T, np.float32)


def _best_pairs(worth: Floats, is_possible: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the possible pairs (row, column) with the greatest total worth, each row and column at most once."""
    # The constant makes every possible pair better than none.
    rows, columns = assign(np.where(is_possible, worth + 10.0, 0.0))
    return [(row, column) for row, column in zip(rows, columns, strict=True) if is_possible[row, column]]


def _rest(tracks: list[Track], boxes: _Boxes, pairs: list[tuple[int, int]]) -> tuple[list[Track], _Boxes]:
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    left = np.array([column for column in range(len(boxes.found)) if column not in columns], np.int64)
    return [each for row, each in enumerate(tracks) if row not in rows], boxes.chosen(left)


def _learn(track: Track, boxes: _Boxes, position: int) -> None:
    if track.look is not None and boxes.looks is not None:
        track.look.learn(boxes.looks.histograms[position], is_alone=bool(boxes.looks.are_alone[position]))


def _predicted(track: Track) -> Floats:
    return track.motion.box()


def _last_seen(track: Track) -> Floats:
    return track.last.box
