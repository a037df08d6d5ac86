"""Shot boundaries: cuts, dissolves and fades, merged in order."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from voxel51.analytics.shot_detection.cut_detector import PICTURE_SIZE, Cut, CutDetector
from voxel51.analytics.shot_detection.gradual_detector import GradualDetector, Transition
from voxel51.labels.media.frame import Frame

LONGEST_BLANK_SECONDS = 2.0
"""Maximum duration of the blank between a fade-out and a fade-in that form one boundary."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """First frame of a new shot.

    Attributes:
        number, time: of that frame; after a dissolve, of the first frame in which the new shot prevails.
        kind: ``cut``, ``dissolve`` or ``fade``.
        difference: strength of a cut, in 0 to 255; 0 for the others.
    """

    number: int
    time: float
    kind: str = "cut"
    difference: float = 0.0


@dataclass
class BoundaryFinder:
    """Finds boundaries in consecutive frames.

    Attributes:
        cuts: detector of cuts.
        gradual: detector of gradual transitions; None to ignore them.
        minimum_shot_seconds: a boundary sooner than this after the previous one is ignored.
        transitions: gradual transitions so far, in order.
    """

    cuts: CutDetector
    gradual: GradualDetector | None
    minimum_shot_seconds: float
    transitions: list[Transition] = field(default_factory=list)
    _waiting: list[Boundary] = field(default_factory=list)
    _last: float | None = None

    def add(self, frame: Frame) -> Iterator[Boundary]:
        """Add the next frame; yield the boundaries that are certain now."""
        if self._last is None:
            self._last = frame.time
        picture = frame.small(*PICTURE_SIZE)
        self._waiting += [_boundary(cut) for cut in self.cuts.add(picture, frame.number, frame.time)]
        if self.gradual is None:
            yield from self._given(frame.number)
            return
        for transition in self.gradual.add(picture, frame.number, frame.time):
            self._take(transition)
        yield from self._given(self.gradual.certain_before)

    def finish(self) -> Iterator[Boundary]:
        """Yield the remaining boundaries after the last frame."""
        self._waiting += [_boundary(cut) for cut in self.cuts.finish()]
        for transition in self.gradual.finish() if self.gradual else ():
            self._take(transition)
        yield from self._given(None)

    def _take(self, found: Transition) -> None:
        before = self.transitions[-1] if self.transitions else None
        self.transitions.append(found)
        self._waiting = [each for each in self._waiting if not found.first < each.number <= found.last]
        if found.kind == "dissolve":
            self._waiting.append(Boundary(found.middle, found.middle_time, "dissolve"))
        elif _belong_together(before, found):
            self._waiting.append(Boundary(found.first, found.start, "fade"))

    def _given(self, before: int | None) -> Iterator[Boundary]:
        self._waiting.sort(key=lambda each: each.number)
        while self._waiting and (before is None or self._waiting[0].number < before):
            boundary = self._waiting.pop(0)
            if self._last is None or boundary.time - self._last >= self.minimum_shot_seconds:
                self._last = boundary.time
                yield boundary


def _belong_together(one: Transition | None, other: Transition) -> bool:
    """Return whether a fade-out and a fade-in form one boundary."""
    fades = one is not None and (one.kind, other.kind) == ("fade-out", "fade-in")
    return fades and one is not None and other.start - one.end <= LONGEST_BLANK_SECONDS


def _boundary(cut: Cut) -> Boundary:
    return Boundary(cut.number, cut.time, "cut", cut.difference)
