"""Tracks: one object over time, with its motion and appearance."""

from dataclasses import dataclass, field

import numpy as np

from voxel51.platform.tracking.appearance import LearnedLook
from voxel51.platform.tracking.detections import Floats
from voxel51.platform.tracking.kalman_filter import BoxKalmanFilter

CLASS_LEAD = 1.5
"""A track keeps its class until another has so many times its votes. Vans are seen as cars and trucks in turn; without
this, their class would change back and forth.
"""


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
        votes: class -> sum of scores.
        class_index: the class; it changes when another one has `CLASS_LEAD` times its votes.
        last: the last observation.
        look: appearance; None if the tracker does not use it.
        observation_count: number of observations.
    """

    number: int
    last: Observation
    motion: BoxKalmanFilter
    votes: dict[int, float] = field(default_factory=dict)
    look: LearnedLook | None = None
    observation_count: int = 1
    class_index: int = field(init=False)
    _motion_at_last_observation: BoxKalmanFilter = field(init=False)

    def __post_init__(self) -> None:
        self._motion_at_last_observation = self.motion.copy()
        self.class_index = max(self.votes, key=lambda each: self.votes[each])

    def observe(self, seen: Observation, class_index: int, *, was_hidden: bool) -> None:
        """Add an observation. If the object was hidden, its motion is recomputed along a straight line through the
        gap.
        """
        if was_hidden:
            self.motion = self._motion_through_gap(seen)
        self.motion.update(seen.box)
        self._add(seen, class_index)

    def find_again(self, seen: Observation, class_index: int) -> None:
        """Add an observation after a long gap, during which the motion is unknown."""
        self.motion = BoxKalmanFilter(seen.box)
        self._add(seen, class_index)

    def _add(self, seen: Observation, class_index: int) -> None:
        self._motion_at_last_observation = self.motion.copy()
        self.votes[class_index] = self.votes.get(class_index, 0.0) + seen.score
        if self.votes[class_index] >= CLASS_LEAD * self.votes[self.class_index]:
            self.class_index = class_index
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
