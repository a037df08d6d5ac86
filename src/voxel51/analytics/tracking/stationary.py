"""Stationary tracks: hold back the boxes of tracks that neither move nor become certain.

A detector that takes a stone for a sheep does so in every frame, at a low confidence. A parked car does not move
either, but the detector is sure of it for a while.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from voxel51.platform.tracking.detections import Floats
from voxel51.platform.tracking.track import Observation

Box = TypeVar("Box")

_AVERAGED_OBSERVATIONS = 5
"""Positions and scores are averaged over so many observations, as single ones are noisy."""

_MOVED_SHARE = 0.5
"""A track that moved by this share of its longer side is not stationary."""


@dataclass
class Evidence:
    """Observations of a track so far, as far as they decide."""

    first_frame: int
    last_frame: int
    start: list[Floats] = field(default_factory=list)
    recent: deque[Observation] = field(default_factory=lambda: deque(maxlen=_AVERAGED_OBSERVATIONS))

    def add(self, seen: Observation) -> None:
        """Add an observation."""
        self.last_frame = seen.frame_number
        if len(self.start) < _AVERAGED_OBSERVATIONS:
            self.start.append(seen.box)
        self.recent.append(seen)

    def has_moved(self) -> bool:
        """Return whether the track has left the place where it began."""
        start, now = np.mean(self.start, axis=0), np.mean([each.box for each in self.recent], axis=0)
        moved = np.abs((start[:2] + start[2:] - now[:2] - now[2:]) / 2).max()
        return bool(moved > _MOVED_SHARE * max(float((start[2:] - start[:2]).max()), 1.0))

    def is_certain(self, level: float) -> bool:
        """Return whether the detector was sure of the object for a while."""
        is_full = len(self.recent) == _AVERAGED_OBSERVATIONS
        return is_full and float(np.mean([each.score for each in self.recent])) > level


@dataclass
class StationaryFilter(Generic[Box]):
    """Decides which tracks are true. Boxes of a track are held back until it moves or its confidence, averaged over
    five observations, exceeds ``level``. A track that ends before it can be judged is accepted.

    Attributes:
        level: confidence that a stationary track must exceed.
        judged_frames: a track that lasts fewer frames is not called stationary.
        most_held_frames: boxes that are older are dropped. It limits the memory and the delay of later frames.
    """

    level: float
    judged_frames: int
    most_held_frames: int
    _evidence: dict[int, Evidence] = field(default_factory=dict)
    _held: dict[int, deque[tuple[int, Box]]] = field(default_factory=dict)
    _true: set[int] = field(default_factory=set)

    def observe(self, number: int, seen: Observation) -> None:
        """Add an observation of the track ``number``."""
        if number in self._true:
            return
        evidence = self._evidence.setdefault(number, Evidence(seen.frame_number, seen.frame_number))
        evidence.add(seen)
        if evidence.is_certain(self.level) or evidence.has_moved():
            self._true.add(number)
            del self._evidence[number]

    def add(self, number: int, frame_number: int, box: Box) -> Iterator[tuple[int, Box]]:
        """Add a box of the track ``number``; yield those of its boxes that are true, with their frame numbers."""
        held = self._held.setdefault(number, deque())
        held.append((frame_number, box))
        if number in self._true:
            yield from self._held.pop(number)

    def end(self, number: int) -> Iterator[tuple[int, Box]]:
        """Forget the track ``number``; yield its remaining boxes if it was too short to be judged."""
        held, evidence = self._held.pop(number, ()), self._evidence.pop(number, None)
        self._true.discard(number)
        if evidence is not None and evidence.last_frame - evidence.first_frame < self.judged_frames:
            yield from held

    def first_held(self, frame_number: int) -> int | None:
        """Return the first frame with a box that is held back, after those too old in frame ``frame_number`` are
        dropped; None without one.
        """
        for held in self._held.values():
            while held and held[0][0] < frame_number - self.most_held_frames:
                held.popleft()
        return min((held[0][0] for held in self._held.values() if held), default=None)
