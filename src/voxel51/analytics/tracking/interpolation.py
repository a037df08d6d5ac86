"""Track interpolation: confirm tracks, and fill in the frames between observations.

A track is confirmed after some observations, and moves in a straight line between two of them. Both are known only
later, so frames are delayed and yielded in order.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from voxel51.analytics.tracking.stationary import StationaryFilter
from voxel51.platform.tracking.detections import Floats
from voxel51.platform.tracking.track import Observation, Track

MIN_OBSERVATIONS = 3
"""Number of observations that confirm a track; objects that are observed once or twice are mostly false detections."""


@dataclass(frozen=True, slots=True)
class TrackedBox:
    """Box of a track in one frame, in pixels [4], and whether it was observed or interpolated."""

    track: Track
    box: Floats
    score: float
    observed: bool


@dataclass
class TrackInterpolator:
    """Collects observations, and yields the boxes of every frame.

    Attributes:
        longest_gap_frames: longer gaps between observations are not filled in.
        max_hidden_frames: maximum number of frames for which a track survives without observation. It limits how far
            back a frame may still change, and so the memory.
        stationary: holds back the boxes of tracks that may be false; None to accept all tracks.
    """

    longest_gap_frames: int
    max_hidden_frames: int
    stationary: StationaryFilter[TrackedBox] | None = None
    _pending: dict[int, list[TrackedBox]] = field(default_factory=lambda: defaultdict(list))
    _observations: dict[int, list[Observation]] = field(default_factory=dict)
    _steps: int = 0

    def add(self, tracks: list[Track], frame_number: int) -> Iterator[tuple[int, list[TrackedBox]]]:
        """Add the tracks observed in a frame; yield the frames with objects that are final now, in order."""
        self._steps += 1
        for track in tracks:
            self._observations.setdefault(track.number, []).append(track.last)
            if self.stationary is not None:
                self.stationary.observe(track.number, track.last)
            if track.observation_count >= MIN_OBSERVATIONS:
                self._place(track)
        self._forget(before=frame_number - self.max_hidden_frames)
        until = frame_number - MIN_OBSERVATIONS * self.max_hidden_frames
        first_held = self.stationary.first_held(frame_number) if self.stationary is not None else None
        yield from self._given(until if first_held is None else min(until, first_held - 1))

    def finish_shot(self, tracks: list[Track]) -> Iterator[tuple[int, list[TrackedBox]]]:
        """Yield all remaining frames and drop all tracks. ``tracks`` are those of the last frame.

        In a shot with fewer frames than confirm a track, the tracks of its last frame are accepted.
        """
        if self._steps < MIN_OBSERVATIONS:
            for track in tracks:
                self._place(track)
        for number in self._observations:
            self._end(number)
        yield from self._given(until=max(self._pending, default=0))
        self._observations.clear()
        self._steps = 0

    def _place(self, track: Track) -> None:
        """Add the known path of a track since its last call to the frames; keep its last observation."""
        observations = self._observations[track.number]
        if track.observation_count <= MIN_OBSERVATIONS:
            self._put(track, observations[0], observed=True)
        for before, after in itertools.pairwise(observations):
            if after.frame_number - before.frame_number <= self.longest_gap_frames:
                for between in _between(before, after):
                    self._put(track, between, observed=False)
            self._put(track, after, observed=True)
        self._observations[track.number] = observations[-1:]

    def _put(self, track: Track, where: Observation, *, observed: bool) -> None:
        box = TrackedBox(track, where.box, where.score, observed)
        if self.stationary is None:
            self._pending[where.frame_number].append(box)
            return
        for frame_number, true_box in self.stationary.add(track.number, where.frame_number, box):
            self._pending[frame_number].append(true_box)

    def _end(self, number: int) -> None:
        """Place the boxes of an ended track that were held back, if they are true."""
        if self.stationary is not None:
            for frame_number, box in self.stationary.end(number):
                self._pending[frame_number].append(box)

    def _forget(self, before: int) -> None:
        gone = [number for number, observed in self._observations.items() if observed[-1].frame_number < before]
        for number in gone:
            del self._observations[number]
            self._end(number)

    def _given(self, until: int) -> Iterator[tuple[int, list[TrackedBox]]]:
        for number in sorted(number for number in self._pending if number <= until):
            yield number, sorted(self._pending.pop(number), key=lambda each: each.track.number)


def _between(before: Observation, after: Observation) -> Iterator[Observation]:
    gap = after.frame_number - before.frame_number
    for step in range(1, gap):
        share = step / gap
        box = before.box + (after.box - before.box) * np.float32(share)
        score = before.score + (after.score - before.score) * share
        yield Observation(before.frame_number + step, box, score)
