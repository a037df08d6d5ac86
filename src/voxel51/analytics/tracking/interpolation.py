"""From what was seen now and then to what is said about every frame.

A thing counts as seen only after it was seen a few times, and between two sightings it moves in a straight line. Both
are known late, so frames are held back for a while and given in order.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from voxel51.analytics.detectors.detections import Floats
from voxel51.analytics.tracking.tracker import Observation, Track

SIGHTINGS = 3
"""How often a thing must be seen to be believed; what is seen once or twice is mostly a mistake of the detector."""


@dataclass(frozen=True, slots=True)
class TrackedBox:
    """A thing in one frame: its box in pixels [4], and whether it was seen there or only must have been there."""

    track: Track
    box: Floats
    score: float
    seen: bool


@dataclass
class TrackInterpolator:
    """Collects sightings, and gives for every frame what is in it.

    Attributes:
        longest_gap_frames: between sightings further apart nothing is filled in.
        patience_frames: a thing not seen for longer does not come back. It bounds how far back a frame may still
            change, and with that memory.
    """

    longest_gap_frames: int
    patience_frames: int
    _pending: dict[int, list[TrackedBox]] = field(default_factory=lambda: defaultdict(list))
    _sightings: dict[int, list[Observation]] = field(default_factory=dict)
    _steps: int = 0

    def add(self, tracks: list[Track], frame_number: int) -> Iterator[tuple[int, list[TrackedBox]]]:
        """Take the tracks seen in a frame; give the frames that are final now, in order, those with things in them."""
        self._steps += 1
        for track in tracks:
            self._sightings.setdefault(track.number, []).append(track.last)
            if track.observation_count >= SIGHTINGS:
                self._place(track)
        self._forget(before=frame_number - self.patience_frames)
        yield from self._given(until=frame_number - SIGHTINGS * self.patience_frames)

    def finish_shot(self, tracks: list[Track]) -> Iterator[tuple[int, list[TrackedBox]]]:
        """Give all frames that are left, and forget all tracks. ``tracks`` are those of the last frame.

        In a shot with fewer frames than a thing must be seen in, what is there at its end is believed.
        """
        if self._steps < SIGHTINGS:
            for track in tracks:
                self._place(track)
        yield from self._given(until=max(self._pending, default=0))
        self._sightings.clear()
        self._steps = 0

    def _place(self, track: Track) -> None:
        """Put everything known of a track's way since it was last placed into the frames; keep its last sighting."""
        sightings = self._sightings[track.number]
        if track.observation_count <= SIGHTINGS:
            self._put(track, sightings[0], seen=True)
        for before, after in itertools.pairwise(sightings):
            if after.frame_number - before.frame_number <= self.longest_gap_frames:
                for between in _between(before, after):
                    self._put(track, between, seen=False)
            self._put(track, after, seen=True)
        self._sightings[track.number] = sightings[-1:]

    def _put(self, track: Track, where: Observation, *, seen: bool) -> None:
        self._pending[where.frame_number].append(TrackedBox(track, where.box, where.score, seen))

    def _forget(self, before: int) -> None:
        gone = [number for number, seen in self._sightings.items() if seen[-1].frame_number < before]
        for number in gone:
            del self._sightings[number]

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
