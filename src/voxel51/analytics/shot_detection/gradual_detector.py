"""Gradual transitions: segments in which one image changes evenly into another one.

In a dissolve each frame is a mixture of the last image of one shot and the first of the next, whose share grows evenly:
the middle frame is near the mean of both ends (A. Hampapur et al., "Production Model Based Digital Video Segmentation",
1995). A slow camera movement can look similar but keeps details sharp, while a mixture has half the detail energy of
its ends (A. Alattar, "Detecting and Compressing Dissolve Regions in Video Sequences", 1993), whatever moves in them. A
fade is a dissolve with a blank image at one end.
"""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from voxel51.labels.media.frame import Pixels

PICTURE_SIZE = (48, 27)
"""Width and height of the grey images that are compared."""

LENGTHS = (8, 12, 16, 24, 32, 48, 64)
"""Lengths of the examined segments, in frames; the longest one is the size of the buffer."""

EVERY = 2
"""Segments that end in every n-th frame are examined."""

CHANGE = 16.0
"""Minimum difference of the ends, mean over all pixels, in 0 to 255."""

UNEVENNESS = 0.34
"""Maximum distance of a frame from the expected mixture, as a share of the difference of the ends."""

SHARE_SLACK = 0.16
"""Maximum deviation of the share of the later image from the share of the elapsed time."""

LIKENESS = 0.75
"""Ends with a higher correlation are one scene in changing light."""

BLANK = 7.0
"""Standard deviation below which an image is blank."""

HALF_DETAIL, QUARTER_DETAIL = 0.74, 0.88
"""Maximum detail energy of a mixture in its middle and at its quarters, relative to the interpolation of its ends."""

FADED = 3.0
"""Minimum standard deviation of the other end of a fade, in multiples of `BLANK`."""

CONFIRMATION_FRAMES = 16
"""A segment is certain if no better one that overlaps it was found for this many frames."""

SLACK_FRAMES = 6
"""The next segment may seem to begin this many frames before the previous one has ended."""

_FadeFeatures = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Transition:
    """Gradual change: ``dissolve``, ``fade-out`` or ``fade-in`` (``kind``).

    Attributes:
        first, last: numbers of its first and last frame.
        start, end: times of these, in seconds.
        middle: number of the first frame in which the later image prevails; ``middle_time`` is its time.
    """

    kind: str
    first: int
    last: int
    start: float
    end: float
    middle: int
    middle_time: float


@dataclass(slots=True)
class _MeasuredFrame:
    number: int
    time: float
    look: _FadeFeatures
    detail: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """Segment that may be a gradual transition.

    Attributes:
        first, last: numbers of its first and last frame.
        begins_blank, ends_blank: whether these are blank.
        worth: the greatest one of overlapping segments is the transition.
        transition: within the segment; None if both ends are blank.
    """

    first: int
    last: int
    begins_blank: bool
    ends_blank: bool
    worth: float
    transition: Transition | None


@dataclass
class GradualMeter:
    """Finds the segments that may be dissolves and fades, from the `LENGTHS` [-1] frames before each frame.

    Attributes:
        count: number of frames so far.
    """

    count: int = 0
    _recent: deque[_MeasuredFrame] = field(default_factory=lambda: deque(maxlen=LENGTHS[-1] + 1))

    def add(self, picture: Pixels, number: int, time: float) -> list[Candidate]:
        """Add the next frame, BGR and uint8 of any size; return the candidates that end with it, the shortest first."""
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        look = cv2.resize(grey, PICTURE_SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        self._recent.append(_MeasuredFrame(number, time, look, _detail(look)))
        self.count += 1
        return [*self._candidates()] if self.count % EVERY == 0 else []

    def _candidates(self) -> Iterator[Candidate]:
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
            segment = [frames[place] for place in range(end - length, end + 1)]
            if _is_gradual(segment, change):
                blank = _is_blank(first), _is_blank(last)
                worth = change * (1 - 0.002 * length)
                yield Candidate(segment[0].number, segment[-1].number, *blank, worth, _refined(segment))


@dataclass
class GradualDetector:
    """Chooses dissolves and fades among the candidates of consecutive frames, and reports each some frames after its
    end.
    """

    _recent: deque[int] = field(default_factory=lambda: deque(maxlen=LENGTHS[-1] + 1))
    _best: Candidate | None = None
    _last_reported: int = 0

    @property
    def certain_before(self) -> int:
        """Frame before which no later reported transition begins."""
        return self._recent[0] - CONFIRMATION_FRAMES if self._recent else 0

    def add(self, number: int, candidates: Iterable[Candidate]) -> Iterator[Transition]:
        """Add the candidates of the next frame; yield the transitions that are certain now."""
        self._recent.append(number)
        for each in candidates:
            if not self._is_better(each):
                continue
            if self._best is not None and each.begins_blank and self._best.ends_blank:
                yield from self.finish()  # a fade-out is complete, and a fade-in starts
            self._best = each
        if self._best is not None and number - self._best.last > CONFIRMATION_FRAMES:
            yield from self.finish()

    def finish(self) -> Iterator[Transition]:
        """Yield the remaining transition after the last frame."""
        found, self._best = None if self._best is None else self._best.transition, None
        if found is not None:
            self._last_reported = found.last
            yield found

    def _is_better(self, each: Candidate) -> bool:
        best = self._best
        if best is None or (each.begins_blank and best.ends_blank):
            return each.first >= self._last_reported - SLACK_FRAMES
        return each.worth > best.worth


STATE_CLASSES = (GradualMeter, GradualDetector, Transition, _MeasuredFrame, Candidate)
"""Classes of the objects that a `GradualMeter` and a `GradualDetector` have."""


def _is_gradual(segment: Sequence[_MeasuredFrame], change: float) -> bool:
    """Return whether a segment is a mixture of its ends, with evenly growing shares, of two different images."""
    first, last = segment[0].look, segment[-1].look
    for quarter in (0.25, 0.75):
        seen = segment[round(quarter * (len(segment) - 1))]
        if seen.detail > QUARTER_DETAIL * ((1 - quarter) * segment[0].detail + quarter * segment[-1].detail):
            return False
        look = seen.look
        share = _share(look, first, last)
        if abs(share - quarter) > SHARE_SLACK:
            return False
        if float(np.abs(look - (first + share * (last - first))).mean()) > UNEVENNESS * change:
            return False
    steps = [float(np.abs(b.look - a.look).mean()) for a, b in itertools.pairwise(segment)]
    if max(steps) > 0.4 * change:  # a cut between frames that resemble a mixture by chance
        return False
    if _is_blank(first) or _is_blank(last):
        return max(float(first.std()), float(last.std())) > FADED * BLANK
    return _likeness(first, last) < LIKENESS


def _refined(segment: list[_MeasuredFrame]) -> Transition | None:
    """Return the transition within a segment: from the last frame of only one image to the first of only the other."""
    first, last = segment[0].look, segment[-1].look
    if _is_blank(first) and _is_blank(last):
        return None
    shares = [_share(seen.look, first, last) for seen in segment]
    begin = max((place for place, share in enumerate(shares) if share < 0.06), default=0)
    end = min((place for place, share in enumerate(shares) if share > 0.94 and place > begin), default=len(shares) - 1)
    middle = min((p for p in range(begin, end + 1) if shares[p] >= 0.5), default=end)
    kind = "fade-out" if _is_blank(last) else "fade-in" if _is_blank(first) else "dissolve"
    one, other, half = segment[begin], segment[end], segment[middle]
    return Transition(kind, one.number, other.number, one.time, other.time, half.number, half.time)


def _detail(look: _FadeFeatures) -> float:
    """Return the energy of details finer than three pixels."""
    return float(np.square(look - cv2.blur(look, (3, 3))).mean())


def _share(look: _FadeFeatures, first: _FadeFeatures, last: _FadeFeatures) -> float:
    """Return the share of ``last`` in ``look``, 0 to 1, if it is a mixture of both."""
    way: Any = last - first
    return float(((look - first) * way).sum() / max(float((way * way).sum()), 1e-6))


def _is_blank(look: _FadeFeatures) -> bool:
    return float(look.std()) < BLANK


def _likeness(first: _FadeFeatures, last: _FadeFeatures) -> float:
    one, other = first - first.mean(), last - last.mean()
    return float((one * other).sum() / max(float(np.sqrt((one**2).sum() * (other**2).sum())), 1e-6))
