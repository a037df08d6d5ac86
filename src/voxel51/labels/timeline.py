"""Timeline: the band below an annotated frame, with time, shots and events."""

from dataclasses import dataclass, field

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
from voxel51.labels.extras import extra
from voxel51.labels.media.frame import Pixels
from voxel51.labels.video import VideoLabels

with extra("labels"):
    import cv2

_SHOT_COLOURS: tuple[Colour, Colour] = ((120, 100, 88), (164, 140, 124))
_POSITION: Colour = (80, 210, 255)
_MOST_LANES = 4


def format_time(seconds: float) -> str:
    """Return ``seconds`` as text for display: ``1:02.3``."""
    tenths = round(max(seconds, 0.0) * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02d}.{rest % 10}"


def events_at(labels: VideoLabels, number: int) -> list[VideoEvent]:
    """Return the events over ranges of frames that include frame ``number``, without shots."""
    return [each for each in labels.events if each.label != "shot" and each.support and number in each.support]


@dataclass
class Timeline:
    """Band with the timeline of one video.

    Attributes:
        width, height: size of the band, in pixels; the height follows from the style and the number of event labels.
        total: number of frames, if known.
    """

    labels: VideoLabels
    style: DrawingStyle
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
        self.height = (round(self.style.letter * 2.6) + bars + round(self.style.letter * 0.9)) // 2 * 2

    def draw(self, band: Pixels, number: int, seconds: float, object_count: int) -> None:
        """Draw the state at frame ``number`` into ``band`` (BGR, uint8 [height, width, 3])."""
        band[:] = BACKGROUND
        baseline = round(self.style.letter * 1.85)
        margin = round(self.style.letter)
        right = self._position_text(number, seconds)
        left = "   ".join([*self._shot_text(number), f"{object_count} object{'' if object_count == 1 else 's'}"])
        right_left = self.width - margin - self.style.text_size(right)[0]
        if margin + self.style.text_size(left)[0] + margin <= right_left:
            self.style.write(band, left, margin, baseline, LIGHT_TEXT)
        self.style.write(band, right, max(0, right_left), baseline, MUTED_TEXT)
        self._draw_bars(band, number)

    def _position_text(self, number: int, seconds: float) -> str:
        of_total = f" / {self.total}" if self.total and number <= self.total else ""
        return f"frame {number}{of_total}   {format_time(seconds)}"

    def _shot_text(self, number: int) -> list[str]:
        for position, shot in enumerate(self._shots, start=1):
            if shot.support and number in shot.support:
                return [f"shot {shot.index or position} of {len(self._shots)}"]
        return []

    def _draw_bars(self, band: Pixels, number: int) -> None:
        margin, lane = round(self.style.letter), self._lane_height
        top = round(self.style.letter * 2.6)
        for label in self._lanes:
            colour = colour_of(None, label)
            for each in self.labels.events:
                if (each.label or "event") == label:
                    self._draw_spans(band, each, top, colour)
            top += round(lane * 1.6)
        if not self._shots:
            cv2.rectangle(band, (margin, top), (self.width - margin - 1, top + lane - 1), _SHOT_COLOURS[0], -1)
        for position, shot in enumerate(self._shots):
            self._draw_spans(band, shot, top, _SHOT_COLOURS[position % 2])
        if self.total:
            x = self._x_of(number - 0.5)
            half = max(1, self.style.line)
            cv2.rectangle(
                band, (x - half, round(self.style.letter * 2.3)), (x + half, top + lane + half), _POSITION, -1
            )

    def _draw_spans(self, band: Pixels, event: VideoEvent, top: int, colour: Colour) -> None:
        if self.total and event.support:
            for first, last in event.support.ranges:
                corner = max(self._x_of(first - 1), self._x_of(last) - 1), top + self._lane_height - 1
                cv2.rectangle(band, (self._x_of(first - 1), top), corner, colour, -1)

    def _x_of(self, frames: float) -> int:
        """Return the x coordinate of the end of ``frames`` frames, in pixels from the left."""
        margin = round(self.style.letter)
        return margin + round((self.width - 2 * margin) * min(frames / (self.total or 1), 1.0))

    @property
    def _lane_height(self) -> int:
        return max(4, round(self.style.letter * 0.55))


def event_text(event: VideoEvent) -> str:
    """Return the caption of an event: label and confidence."""
    confidence = "" if event.confidence is None else f" {event.confidence:.0%}"
    return printable(f"{event.label or 'event'}{confidence}")
