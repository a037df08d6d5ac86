"""The band below a drawn frame: where in the video it is, and what goes on there."""

from dataclasses import dataclass, field

import cv2

from voxel51.labels.drawing_primitives import (
    BACKGROUND,
    LIGHT_TEXT,
    MUTED_TEXT,
    Colour,
    DrawingStyle,
    colour_of,
    printable,
)
from voxel51.labels.events import VideoEvent
from voxel51.labels.media.frame import Pixels
from voxel51.labels.video import VideoLabels

_SHOT_COLOURS: tuple[Colour, Colour] = ((120, 100, 88), (164, 140, 124))
_POSITION: Colour = (80, 210, 255)
_MOST_LANES = 4


def clock(seconds: float) -> str:
    """``seconds`` as people read it: ``1:02.3``."""
    tenths = round(max(seconds, 0.0) * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02d}.{rest % 10}"


def events_at(labels: VideoLabels, number: int) -> list[VideoEvent]:
    """The events over ranges of frames that go on in frame ``number``, shots left out."""
    return [each for each in labels.events if each.label != "shot" and each.support and number in each.support]


@dataclass
class Timeline:
    """Draws the band for every frame of one video.

    Attributes:
        width, height: of the band, in pixels; its height follows from the pen and the kinds of events there are.
        total: how many frames there are, if that is known.
    """

    labels: VideoLabels
    pen: DrawingStyle
    width: int
    total: int | None
    height: int = 0
    _shots: list[VideoEvent] = field(default_factory=list)
    _lanes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._shots = self.labels.events_labelled("shot")
        others = dict.fromkeys(each.label or "event" for each in self.labels.events if each.label != "shot")
        self._lanes = list(others)[:_MOST_LANES]
        lane = self._lane_height
        bars = round(lane * 1.6) * len(self._lanes) + lane
        self.height = (round(self.pen.letter * 2.6) + bars + round(self.pen.letter * 0.9)) // 2 * 2

    def paint(self, band: Pixels, number: int, seconds: float, object_count: int) -> None:
        """Draw on ``band`` (BGR, uint8 [height, width, 3]), in place, what holds for frame ``number``."""
        band[:] = BACKGROUND
        baseline = round(self.pen.letter * 1.85)
        margin = round(self.pen.letter)
        right = self._position_text(number, seconds)
        left = "   ".join([*self._shot_text(number), f"{object_count} object{'' if object_count == 1 else 's'}"])
        right_left = self.width - margin - self.pen.text_size(right)[0]
        if margin + self.pen.text_size(left)[0] + margin <= right_left:
            self.pen.write(band, left, margin, baseline, LIGHT_TEXT)
        self.pen.write(band, right, max(0, right_left), baseline, MUTED_TEXT)
        self._paint_bars(band, number)

    def _position_text(self, number: int, seconds: float) -> str:
        of_total = f" / {self.total}" if self.total and number <= self.total else ""
        return f"frame {number}{of_total}   {clock(seconds)}"

    def _shot_text(self, number: int) -> list[str]:
        for position, shot in enumerate(self._shots, start=1):
            if shot.support and number in shot.support:
                return [f"shot {shot.index or position} of {len(self._shots)}"]
        return []

    def _paint_bars(self, band: Pixels, number: int) -> None:
        margin, lane = round(self.pen.letter), self._lane_height
        top = round(self.pen.letter * 2.6)
        for label in self._lanes:
            colour = colour_of(None, label)
            for each in self.labels.events:
                if (each.label or "event") == label:
                    self._paint_spans(band, each, top, colour)
            top += round(lane * 1.6)
        if not self._shots:
            cv2.rectangle(band, (margin, top), (self.width - margin - 1, top + lane - 1), _SHOT_COLOURS[0], -1)
        for position, shot in enumerate(self._shots):
            self._paint_spans(band, shot, top, _SHOT_COLOURS[position % 2])
        if self.total:
            x = self._place(number - 0.5)
            half = max(1, self.pen.line)
            cv2.rectangle(band, (x - half, round(self.pen.letter * 2.3)), (x + half, top + lane + half), _POSITION, -1)

    def _paint_spans(self, band: Pixels, event: VideoEvent, top: int, colour: Colour) -> None:
        if self.total and event.support:
            for first, last in event.support.ranges:
                corner = max(self._place(first - 1), self._place(last) - 1), top + self._lane_height - 1
                cv2.rectangle(band, (self._place(first - 1), top), corner, colour, -1)

    def _place(self, frames: float) -> int:
        """Where the end of so many frames is, in pixels from the left."""
        margin = round(self.pen.letter)
        return margin + round((self.width - 2 * margin) * min(frames / (self.total or 1), 1.0))

    @property
    def _lane_height(self) -> int:
        return max(4, round(self.pen.letter * 0.55))


def event_text(event: VideoEvent) -> str:
    """What an event is called on a picture."""
    confidence = "" if event.confidence is None else f" {event.confidence:.0%}"
    return printable(f"{event.label or 'event'}{confidence}")
