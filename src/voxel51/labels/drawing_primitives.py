"""Drawing primitives: colours of tracks, legible text, and boxes with captions."""

import colorsys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from voxel51.labels.extras import extra
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import Pixels
from voxel51.labels.objects import DetectedObject

with extra("labels"):
    import cv2
    import numpy as np
    from anyascii import anyascii

Colour = tuple[int, int, int]
"""Blue, green and red, each from 0 to 255."""

DARK_TEXT: Colour = (24, 20, 18)
LIGHT_TEXT: Colour = (244, 242, 240)
MUTED_TEXT: Colour = (168, 160, 152)
BACKGROUND: Colour = (34, 28, 26)

_FONT = cv2.FONT_HERSHEY_DUPLEX
_GOLDEN = 0.61803398875  # steps of the golden ratio spread any number of hues evenly over the circle
_FONT_HEIGHT = 22.0  # pixels of a capital letter at scale 1


def colour_of(index: int | None, label: str | None) -> Colour:
    """Return the colour of a track, or of a label if there is no track: the same in every frame and every run.

    Neighbouring numbers are far apart on the colour circle.
    """
    number = index if index is not None else sum((label or "").encode())
    hue = (0.33 + number * _GOLDEN) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, (0.62, 0.85, 0.72)[number % 3], (1.0, 0.95)[number % 2])
    return round(blue * 255), round(green * 255), round(red * 255)


def text_colour_on(colour: Colour) -> Colour:
    """Return the dark or the light text colour, whichever is easier to read on ``colour``."""
    blue, green, red = colour
    return DARK_TEXT if 0.114 * blue + 0.587 * green + 0.299 * red > 120 else LIGHT_TEXT


def printable(text: str) -> str:
    """Return ``text`` in the characters of the built-in font, which are those of ASCII: without accents, and with other
    scripts in Latin letters.
    """
    return text if text.isascii() else anyascii(text)


@dataclass(frozen=True, slots=True)
class DrawingStyle:
    """Line width and text size, chosen for the size of the image.

    Attributes:
        line: width of lines, in pixels.
        letter: height of a capital letter, in pixels.
    """

    line: int
    letter: float

    @classmethod
    def for_size(cls, width: int, height: int) -> "DrawingStyle":
        """Return the style for images of this size, in pixels."""
        side = min(width, height * 4 / 3)
        return cls(line=max(1, round(side / 400)), letter=max(8.0, side / 74))

    def text_size(self, text: str) -> tuple[int, int]:
        """Return the width and height of ``text``, in pixels."""
        (width, _), _ = cv2.getTextSize(text, _FONT, self.letter / _FONT_HEIGHT, 1)
        return width, round(self.letter)

    def write(self, picture: Pixels, text: str, left: int, baseline: int, colour: Colour) -> None:
        """Write ``text`` from ``left`` on, with its baseline at ``baseline``."""
        weight = max(1, round(self.letter / 14))
        cv2.putText(picture, text, (left, baseline), _FONT, self.letter / _FONT_HEIGHT, colour, weight, cv2.LINE_AA)


@dataclass(frozen=True, slots=True)
class _Rectangle:
    left: int
    top: int
    right: int
    bottom: int

    def intersects(self, other: "_Rectangle") -> bool:
        apart = self.right <= other.left or other.right <= self.left
        return not (apart or self.bottom <= other.top or other.bottom <= self.top)


def draw_objects(picture: Pixels, objects: Iterable[DetectedObject], style: DrawingStyle) -> None:
    """Draw boxes with captions into ``picture`` (BGR, uint8 [H, W, 3]): distant objects first, captions last.

    The bottom edge of a box stands for the distance of its object.
    """
    height, width = picture.shape[:2]
    known = [each for each in objects if each.bounding_box is not None]
    boxes = [(each, _pixels(cast("BoundingBox", each.bounding_box), width, height)) for each in known]
    boxes.sort(key=lambda pair: pair[1].bottom)
    for each, place in boxes:
        _draw_box(picture, place, colour_of(each.index, each.label), style)
    taken: list[_Rectangle] = []
    for each, place in reversed(boxes):  # captions of near objects choose their position first
        _draw_caption(picture, caption_of(each), place, colour_of(each.index, each.label), style, taken)


def caption_of(each: DetectedObject) -> str:
    """Return the caption of an object: label, track number and confidence."""
    pieces = [each.label or "object"]
    if each.index is not None:
        pieces.append(f"#{each.index}")
    if each.confidence is not None:
        pieces.append(f"{each.confidence:.0%}")
    return printable(" ".join(pieces))


def draw_text_box(picture: Pixels, text: str, left: int, top: int, colour: Colour, style: DrawingStyle) -> int:
    """Write ``text`` on a filled box of ``colour`` with its corner at ``left``, ``top``; return the bottom edge."""
    place = _text_rectangle(text, left, top, style)
    _fill_text_box(picture, text, place, colour, style)
    return place.bottom


def _pixels(box: BoundingBox, width: int, height: int) -> _Rectangle:
    sides = (box.left * (width - 1), box.top * (height - 1), box.right * (width - 1), box.bottom * (height - 1))
    return _Rectangle(*(round(side) for side in sides))


def _draw_box(picture: Pixels, place: _Rectangle, colour: Colour, style: DrawingStyle) -> None:
    corners = (place.left, place.top), (place.right, place.bottom)
    cv2.rectangle(picture, *corners, _darker(colour), style.line + 2, cv2.LINE_AA)
    cv2.rectangle(picture, *corners, colour, style.line, cv2.LINE_AA)


def _draw_caption(
    picture: Pixels, text: str, box: _Rectangle, colour: Colour, style: DrawingStyle, taken: list[_Rectangle]
) -> None:
    """Draw a caption above the box if it fits there, else inside at the top, else below, else over other captions."""
    height, width = picture.shape[:2]
    rectangle = _text_rectangle(text, 0, 0, style)
    left = min(max(0, box.left - style.line // 2), max(0, width - rectangle.right))
    tops = (box.top - rectangle.bottom, box.top, box.bottom, box.bottom - rectangle.bottom)
    places = [_text_rectangle(text, left, top, style) for top in tops if 0 <= top <= height - rectangle.bottom]
    free = [place for place in places if not any(place.intersects(other) for other in taken)]
    place = (free or places or [_text_rectangle(text, left, max(0, box.top), style)])[0]
    taken.append(place)
    _fill_text_box(picture, text, place, colour, style)


def _text_rectangle(text: str, left: int, top: int, style: DrawingStyle) -> _Rectangle:
    width, height = style.text_size(text)
    margin = round(style.letter * 0.45)
    return _Rectangle(left, top, left + width + 2 * margin, top + height + 2 * margin)


def _fill_text_box(picture: Pixels, text: str, place: _Rectangle, colour: Colour, style: DrawingStyle) -> None:
    margin = round(style.letter * 0.45)
    patch = picture[max(0, place.top) : place.bottom, max(0, place.left) : place.right]
    patch[:] = cv2.addWeighted(patch, 0.12, np.full_like(patch, colour), 0.88, 0)
    style.write(picture, text, place.left + margin, place.bottom - margin, text_colour_on(colour))


def _darker(colour: Colour) -> Colour:
    return cast("Colour", tuple(part // 3 for part in colour))


def draw_shapes(
    picture: Pixels, chains: Sequence[Sequence[Sequence[float]]], colour: Colour, style: DrawingStyle, *, closed: bool
) -> None:
    """Draw chains of points (relative coordinates) into ``picture``."""
    height, width = picture.shape[:2]
    for chain in chains:
        points = np.round(np.array(chain, np.float64) * (width - 1, height - 1)).astype(np.int32)
        cv2.polylines(picture, [points], closed, colour, style.line + 1, cv2.LINE_AA)
