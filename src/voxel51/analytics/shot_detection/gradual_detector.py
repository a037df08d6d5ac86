"""Dissolves and fades: stretches in which one picture turns into quite another one, evenly.

In a dissolve each frame is a mixture of the last picture of one shot and the first of the next, whose share grows
evenly: so the frame in the middle is near the mean of both ends (A. Hampapur et al., "Production Model Based Digital
Video Segmentation", 1995). A slow camera can look so, too, but keeps the details sharp, while those of a mixture have
half the energy of its ends' (A. Alattar, "Detecting and Compressing Dissolve Regions in Video Sequences", 1993),
however much moves in them. A fade is the same with a blank at one end.
"""

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from voxel51.labels.media.frame import Pixels

PICTURE_SIZE = (48, 27)
"""Width and height of the grey pictures that are compared."""

LENGTHS = (8, 12, 16, 24, 32, 48, 64)
"""In frames, of the stretches that are looked at; the longest is how much is remembered."""

EVERY = 2
"""Stretches that end in every n-th frame are looked at."""

CHANGE = 16.0
"""How much both ends must differ, on the mean of all pixels, in 0 to 255."""

UNEVENNESS = 0.34
"""How far frames may be from the mixture that they would be, as a share of how much the ends differ."""

SHARE_SLACK = 0.16
"""How far the share of the later picture may be from that of the time."""

LIKENESS = 0.75
"""Ends more alike than this (correlation) are one scene whose light changes."""

BLANK = 7.0
"""Deviation of a picture that is blank."""

HALF_DETAIL, QUARTER_DETAIL = 0.74, 0.88
"""Energy of details that a mixture has at most, in its middle and at its quarters, beside what its ends have there."""

FADED = 3.0
"""The other end of a fade deviates at least so many times as much."""

PATIENCE = 16
"""A stretch is certain when none that overlaps it was found better for so many frames."""

SLACK_FRAMES = 6
"""By so much the next stretch may seem to begin before the one before has ended."""

_Look = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Transition:
    """A gradual change: ``dissolve``, ``fade-out`` or ``fade-in`` (``kind``).

    Attributes:
        first, last: numbers of the frames in which it goes on.
        start, end: when these are shown, in seconds.
        middle: number of the first frame in which the later picture prevails; ``middle_time``, when it is shown.
    """

    kind: str
    first: int
    last: int
    start: float
    end: float
    middle: int
    middle_time: float


@dataclass(slots=True)
class _Seen:
    number: int
    time: float
    look: _Look
    detail: float


@dataclass(slots=True)
class _Candidate:
    frames: list[_Seen]
    worth: float


@dataclass
class GradualDetector:
    """Finds dissolves and fades in frames that come one by one; it answers some frames after each ends."""

    _recent: deque[_Seen] = field(default_factory=lambda: deque(maxlen=LENGTHS[-1] + 1))
    _best: _Candidate | None = None
    _count: int = 0
    _told: int = 0

    @property
    def certain_before(self) -> int:
        """No transition that is told from now on begins before this frame."""
        return self._recent[0].number - PATIENCE if self._recent else 0

    def add(self, picture: Pixels, number: int, time: float) -> Iterator[Transition]:
        """Take the next frame, BGR and uint8 of any size; give the transitions that are certain by now."""
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        look = cv2.resize(grey, PICTURE_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        self._recent.append(_Seen(number, time, look, _detail(look)))
        self._count += 1
        if self._count % EVERY == 0:
            yield from self._look()
        if self._best is not None and number - self._best.frames[-1].number > PATIENCE:
            yield from self.finish()

    def finish(self) -> Iterator[Transition]:
        """What is left, when no more frames will come."""
        if self._best is not None:
            found = _refined(self._best.frames)
            self._best = None
            if found is not None:
                self._told = found.last
                yield found

    def _look(self) -> Iterator[Transition]:
        frames = self._recent
        end = len(frames) - 1
        last = frames[end].look
        for length in LENGTHS:
            if length > end:
                break
            first = frames[end - length].look
            change = float(np.abs(last - first).mean())
            if change < CHANGE:
                continue
            middle = frames[end - length // 2]
            if middle.detail > HALF_DETAIL * (frames[end - length].detail + frames[end].detail) / 2:
                continue
            if float(np.abs(middle.look - (first + last) / 2).mean()) > UNEVENNESS * change:
                continue
            stretch = [frames[place] for place in range(end - length, end + 1)]
            worth = change * (1 - 0.002 * length)
            if not self._is_better(stretch, worth) or not _is_gradual(stretch, change):
                continue
            if self._best is not None and _is_blank(first) and _is_blank(self._best.frames[-1].look):
                yield from self.finish()  # it fades out, and now in
            self._best = _Candidate(stretch, worth)

    def _is_better(self, stretch: Sequence[_Seen], worth: float) -> bool:
        best = self._best
        if best is None or (_is_blank(stretch[0].look) and _is_blank(best.frames[-1].look)):
            return stretch[0].number >= self._told - SLACK_FRAMES
        return worth > best.worth


def _is_gradual(stretch: Sequence[_Seen], change: float) -> bool:
    """Whether all of a stretch is a mixture of its ends, with shares that grow evenly, of two different pictures."""
    first, last = stretch[0].look, stretch[-1].look
    for quarter in (0.25, 0.75):
        seen = stretch[round(quarter * (len(stretch) - 1))]
        if seen.detail > QUARTER_DETAIL * ((1 - quarter) * stretch[0].detail + quarter * stretch[-1].detail):
            return False
        look = seen.look
        share = _share(look, first, last)
        if abs(share - quarter) > SHARE_SLACK:
            return False
        if float(np.abs(look - (first + share * (last - first))).mean()) > UNEVENNESS * change:
            return False
    steps = [float(np.abs(b.look - a.look).mean()) for a, b in itertools.pairwise(stretch)]
    if max(steps) > 0.4 * change:  # a cut, between frames that happen to lie so
        return False
    if _is_blank(first) or _is_blank(last):
        return max(float(first.std()), float(last.std())) > FADED * BLANK
    return _likeness(first, last) < LIKENESS


def _refined(stretch: list[_Seen]) -> Transition | None:
    """The transition in a stretch: from the last frame that is all of the one picture to the first all of the other."""
    first, last = stretch[0].look, stretch[-1].look
    if _is_blank(first) and _is_blank(last):
        return None
    shares = [_share(seen.look, first, last) for seen in stretch]
    begin = max((place for place, share in enumerate(shares) if share < 0.06), default=0)
    end = min((place for place, share in enumerate(shares) if share > 0.94 and place > begin), default=len(shares) - 1)
    middle = min((p for p in range(begin, end + 1) if shares[p] >= 0.5), default=end)
    kind = "fade-out" if _is_blank(last) else "fade-in" if _is_blank(first) else "dissolve"
    one, other, half = stretch[begin], stretch[end], stretch[middle]
    return Transition(kind, one.number, other.number, one.time, other.time, half.number, half.time)


def _detail(look: _Look) -> float:
    """Energy of what is finer than three pixels."""
    return float(np.square(look - cv2.blur(look, (3, 3))).mean())


def _share(look: _Look, first: _Look, last: _Look) -> float:
    """How much of ``last`` is in ``look``, 0 to 1, if it is a mixture of both."""
    way: Any = last - first
    return float(((look - first) * way).sum() / max(float((way * way).sum()), 1e-6))


def _is_blank(look: _Look) -> bool:
    return float(look.std()) < BLANK


def _likeness(first: _Look, last: _Look) -> float:
    one, other = first - first.mean(), last - last.mean()
    return float((one * other).sum() / max(float(np.sqrt((one**2).sum() * (other**2).sum())), 1e-6))
