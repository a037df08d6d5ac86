"""Tracker: assign the boxes of each frame to the tracks of earlier frames.

Implemented from the papers:

- Y. Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022: boxes of low score
  do not start tracks, but continue them.
- J. Cao et al., "Observation-Centric SORT: Rethinking SORT for Robust Multi-Object Tracking", CVPR 2023: a lost object
  is also matched at its last observed position, and its motion is then corrected for the hidden time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from voxel51.analytics.detectors.detections import Detections, Floats, iou_matrix
from voxel51.analytics.tracking.kalman_filter import BoxKalmanFilter

FIRST_OVERLAP = 0.2
"""Minimum overlap (IoU) of a sure box with the predicted box of a track that it continues."""

SECOND_OVERLAP = 0.4
"""The same for an unsure box, which needs more evidence."""

OTHER_CLASS_PENALTY = 0.3
"""Subtracted from the overlap of boxes of different classes: detectors confuse vans with cars, but not for long."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Observation of an object in a frame: its box in pixels [4] and the detector's score."""

    frame_number: int
    box: Floats
    score: float


@dataclass
class Track:
    """One object over time.

    Attributes:
        number: track number, from 1, never reused.
        votes: class -> sum of scores; the class with the greatest sum is that of the track.
        last: the last observation.
        observation_count: number of observations.
    """

    number: int
    last: Observation
    motion: BoxKalmanFilter
    votes: dict[int, float] = field(default_factory=dict)
    observation_count: int = 1
    _motion_at_last_observation: BoxKalmanFilter = field(init=False)

    def __post_init__(self) -> None:
        self._motion_at_last_observation = self.motion.copy()

    @property
    def class_index(self) -> int:
        """The most likely class."""
        return max(self.votes, key=lambda each: self.votes[each])

    def observe(self, seen: Observation, class_index: int, *, was_hidden: bool) -> None:
        """Add an observation. If the object was hidden, its motion is recomputed along a straight line through the
        gap.
        """
        if was_hidden:
            self.motion = self._motion_through_gap(seen)
        self.motion.update(seen.box)
        self._motion_at_last_observation = self.motion.copy()
        self.votes[class_index] = self.votes.get(class_index, 0.0) + seen.score
        self.last = seen
        self.observation_count += 1

    def _motion_through_gap(self, seen: Observation) -> BoxKalmanFilter:
        motion = self._motion_at_last_observation
        gap = seen.frame_number - self.last.frame_number
        for step in range(1, gap):
            motion.predict(1)
            motion.update(self.last.box + (seen.box - self.last.box) * np.float32(step / gap))
        motion.predict(1)
        return motion


@dataclass
class Tracker:
    """Assigns detections to tracks frame by frame. Frames may be skipped, as long as their numbers increase.

    Attributes:
        sure_score: minimum score of a box that starts a track; other boxes only continue tracks.
        max_hidden_frames: a track without an observation for longer is dropped.
    """

    sure_score: float
    max_hidden_frames: int
    _tracks: list[Track] = field(default_factory=list)
    _count: int = 0
    _frame_number: int = 0
    _previous_number: int = 0

    def step(self, frame_number: int, found: Detections) -> list[Track]:
        """Return the tracks observed in this frame, old and new; `Track.last` has their position."""
        self._tracks = [
            each for each in self._tracks if frame_number - each.last.frame_number <= self.max_hidden_frames
        ]
        self._previous_number, self._frame_number = self._frame_number, frame_number
        for track in self._tracks:
            track.motion.predict(frame_number - self._previous_number)
        # ByteTrack: sure boxes are matched first, then unsure ones, to tracks that are not hidden.
        sure = found.chosen(found.scores >= self.sure_score)
        unsure = found.chosen(found.scores < self.sure_score)
        waiting, rest = self._match(self._tracks, sure, _predicted, FIRST_OVERLAP)
        current = [each for each in waiting if not self._was_hidden(each)]
        unseen, _ = self._match(current, unsure, _predicted, SECOND_OVERLAP)
        unseen += [each for each in waiting if self._was_hidden(each)]
        # OC-SORT: then remaining sure boxes, at the last observed positions of unmatched tracks.
        _, rest = self._match(unseen, rest, _last_seen, FIRST_OVERLAP)
        for position in range(len(rest)):
            self._begin(rest, position)
        return [each for each in self._tracks if each.last.frame_number == frame_number]

    def forget(self) -> None:
        """Drop all tracks, as after a cut. Numbers are not reused."""
        self._tracks = []

    def _match(
        self, tracks: list[Track], found: Detections, place: Callable[[Track], Floats], least_overlap: float
    ) -> tuple[list[Track], Detections]:
        """Assign boxes to tracks for the greatest total overlap; return the unmatched tracks and boxes."""
        if not tracks or not len(found):
            return tracks, found
        overlap = iou_matrix(np.stack([place(each) for each in tracks]), found.boxes)
        other_class = np.array([[each.class_index] for each in tracks]) != found.classes[None, :]
        worth = overlap - OTHER_CLASS_PENALTY * other_class
        rows, columns = linear_sum_assignment(worth, maximize=True)
        pairs = [
            (row, column) for row, column in zip(rows, columns, strict=True) if worth[row, column] >= least_overlap
        ]
        for row, column in pairs:
            seen, hidden = self._observation(found, column), self._was_hidden(tracks[row])
            tracks[row].observe(seen, int(found.classes[column]), was_hidden=hidden)
        taken_rows, taken_columns = {row for row, _ in pairs}, {column for _, column in pairs}
        left = np.array([column for column in range(len(found)) if column not in taken_columns], np.int64)
        return [each for row, each in enumerate(tracks) if row not in taken_rows], found.chosen(left)

    def _was_hidden(self, track: Track) -> bool:
        return track.last.frame_number < self._previous_number

    def _begin(self, found: Detections, position: int) -> None:
        self._count += 1
        seen = self._observation(found, position)
        track = Track(self._count, seen, BoxKalmanFilter(seen.box), {int(found.classes[position]): seen.score})
        self._tracks.append(track)

    def _observation(self, found: Detections, position: int) -> Observation:
        return Observation(self._frame_number, found.boxes[position], float(found.scores[position]))


def _predicted(track: Track) -> Floats:
    return track.motion.box()


def _last_seen(track: Track) -> Floats:
    return track.last.box
