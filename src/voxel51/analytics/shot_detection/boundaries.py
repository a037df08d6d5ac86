"""Shot boundaries: cuts, dissolves and fades, merged in order."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any, Self  # plain values of any shape

from voxel51.analytics.shot_detection.cut_detector import PICTURE_SIZE, Cut, CutDetector, CutMeter
from voxel51.analytics.shot_detection.gradual_detector import Candidate, GradualDetector, GradualMeter, Transition
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


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes that are seen when a frame is added.

    Attributes:
        time: of the frame, in seconds.
        cuts: frames that stand out, and may be cuts.
        gradual: segments that may be gradual transitions.
        is_end: whether they are of the last frames, which are not followed by any.
    """

    time: float
    cuts: Sequence[Cut] = ()
    gradual: Sequence[Candidate] = ()
    is_end: bool = False

    def plain(self) -> list[Any]:
        """Return plain values."""
        return [self.time, [astuple(each) for each in self.cuts], [astuple(each) for each in self.gradual], self.is_end]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self:
        """Return the changes that have these plain values."""
        time, cuts, gradual, is_end = values
        return cls(time, [Cut(*each) for each in cuts], [_candidate(*each) for each in gradual], is_end)


def _candidate(*values: Any) -> Candidate:
    first, last, begins_blank, ends_blank, worth, found = values
    transition = None if found is None else Transition(*found)
    return Candidate(first, last, begins_blank, ends_blank, worth, transition)


@dataclass
class ChangeMeter:
    """Finds changes in consecutive frames, from those near each frame only.

    Attributes:
        cuts: finds frames that stand out.
        gradual: finds segments that may be gradual transitions; None to ignore them.
    """

    cuts: CutMeter
    gradual: GradualMeter | None

    def measure(self, frame: Frame) -> Changes:
        """Return the changes that are seen with the next frame."""
        picture = frame.small(*PICTURE_SIZE)
        cuts = [*self.cuts.add(picture, frame.number, frame.time)]
        return Changes(frame.time, cuts, self.gradual.add(picture, frame.number, frame.time) if self.gradual else ())

    def finish(self, time: float) -> Changes:
        """Return the changes among the last frames; ``time`` is that of the last one."""
        return Changes(time, [*self.cuts.finish()], is_end=True)


@dataclass
class BoundaryFinder:
    """Finds boundaries from the changes in consecutive frames.

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

    def add(self, number: int, changes: Changes) -> Iterator[Boundary]:
        """Add the changes around the next frame; yield the boundaries that are certain now."""
        if self._last is None:
            self._last = changes.time
        self._waiting += [_boundary(cut) for cut in self.cuts.add(changes.time, changes.cuts)]
        if changes.is_end:
            return
        if self.gradual is None:
            yield from self._given(number)
            return
        for transition in self.gradual.add(number, changes.gradual):
            self._take(transition)
        yield from self._given(self.gradual.certain_before)

    def finish(self) -> Iterator[Boundary]:
        """Yield the remaining boundaries after the last frame."""
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
