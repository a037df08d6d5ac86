"""Painting on pictures: colours that tell things apart, text that can be read on anything, boxes with captions."""

import colorsys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import Pixels
from voxel51.labels.objects import DetectedObject

Colour = tuple[int, int, int]
"""Blue, green, red, each in 0 to 255."""

DARK_TEXT: Colour = (24, 20, 18)
LIGHT_TEXT: Colour = (244, 242, 240)
MUTED_TEXT: Colour = (168, 160, 152)
BACKGROUND: Colour = (34, 28, 26)

_FONT = cv2.FONT_HERSHEY_DUPLEX
_GOLDEN = 0.61803398875
_FONT_HEIGHT = 22.0  # pixels of a capital letter at scale 1


def colour_of(index: int | None, label: str | None) -> Colour:
    """The colour of a track, or of a label where there is no track: the same in every frame and every run.

    Neighbouring numbers are far apart on the colour circle.
    """
    number = index if index is not None else sum((label or "").encode())
    hue = (0.33 + number * _GOLDEN) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, (0.62, 0.85, 0.72)[number % 3], (1.0, 0.95)[number % 2])
    return round(blue * 255), round(green * 255), round(red * 255)


def text_colour_on(colour: Colour) -> Colour:
    """Dark or light, whichever reads better on ``colour``."""
    blue, green, red = colour
    return DARK_TEXT if 0.114 * blue + 0.587 * green + 0.299 * red > 120 else LIGHT_TEXT


def printable(text: str) -> str:
    """``text`` in the letters the built-in font has: accents dropped, other scripts as question marks."""
    flat = unicodedata.normalize("NFKD", text.replace("\N{EN DASH}", "-"))
    plain = "".join(letter for letter in flat if not unicodedata.combining(letter))
    return plain.encode("ascii", "replace").decode("ascii")


@dataclass(frozen=True, slots=True)
class DrawingStyle:
    """What is drawn with, sized to the picture.

    Attributes:
        line: width of lines, in pixels.
        letter: height of a capital letter, in pixels.
    """

    line: int
    letter: float

    @classmethod
    def for_size(cls, width: int, height: int) -> "DrawingStyle":
        """A pen that suits pictures of this size, in pixels."""
        side = min(width, height * 4 / 3)
        return cls(line=max(1, round(side / 400)), letter=max(8.0, side / 74))

    def text_size(self, text: str) -> tuple[int, int]:
        """Width and height that ``text`` takes, in pixels."""
        (width, _), _ = cv2.getTextSize(text, _FONT, self.letter / _FONT_HEIGHT, 1)
        return width, round(self.letter)

    def write(self, picture: Pixels, text: str, left: int, baseline: int, colour: Colour) -> None:
        """Write ``text`` beginning at ``left``, standing on ``baseline``."""
        weight = max(1, round(self.letter / 14))
        cv2.putText(picture, text, (left, baseline), _FONT, self.letter / _FONT_HEIGHT, colour, weight, cv2.LINE_AA)


@dataclass(frozen=True, slots=True)
class _Place:
    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: "_Place") -> bool:
        apart = self.right <= other.left or other.right <= self.left
        return not (apart or self.bottom <= other.top or other.bottom <= self.top)


def draw_objects(picture: Pixels, objects: Iterable[DetectedObject], pen: DrawingStyle) -> None:
    """Draw boxes with captions on ``picture`` (BGR, uint8 [H, W, 3]), in place: far things first, captions last."""
    height, width = picture.shape[:2]
    known = [each for each in objects if each.bounding_box is not None]
    boxes = [(each, _pixels(cast("BoundingBox", each.bounding_box), width, height)) for each in known]
    boxes.sort(key=lambda pair: pair[1].bottom)
    for each, place in boxes:
        _paint_box(picture, place, colour_of(each.index, each.label), pen)
    taken: list[_Place] = []
    for each, place in reversed(boxes):  # near things choose where their captions go
        _paint_caption(picture, caption_of(each), place, colour_of(each.index, each.label), pen, taken)


def caption_of(each: DetectedObject) -> str:
    """What stands at a box: label, track number, confidence."""
    pieces = [each.label or "object"]
    if each.index is not None:
        pieces.append(f"#{each.index}")
    if each.confidence is not None:
        pieces.append(f"{each.confidence:.0%}")
    return printable(" ".join(pieces))


def draw_text_box(picture: Pixels, text: str, left: int, top: int, colour: Colour, pen: DrawingStyle) -> int:
    """Write ``text`` on a patch of ``colour`` whose corner is at ``left``, ``top``; return where its bottom is."""
    place = _chip(text, left, top, pen)
    _paint_chip(picture, text, place, colour, pen)
    return place.bottom


def _pixels(box: BoundingBox, width: int, height: int) -> _Place:
    sides = (box.left * (width - 1), box.top * (height - 1), box.right * (width - 1), box.bottom * (height - 1))
    return _Place(*(round(side) for side in sides))


def _paint_box(picture: Pixels, place: _Place, colour: Colour, pen: DrawingStyle) -> None:
    corners = (place.left, place.top), (place.right, place.bottom)
    cv2.rectangle(picture, *corners, _darker(colour), pen.line + 2, cv2.LINE_AA)
    cv2.rectangle(picture, *corners, colour, pen.line, cv2.LINE_AA)


def _paint_caption(
    picture: Pixels, text: str, box: _Place, colour: Colour, pen: DrawingStyle, taken: list[_Place]
) -> None:
    """Above the box if there is room, else inside at its top, else below, else where it overlaps other captions."""
    height, width = picture.shape[:2]
    chip = _chip(text, 0, 0, pen)
    left = min(max(0, box.left - pen.line // 2), max(0, width - chip.right))
    tops = (box.top - chip.bottom, box.top, box.bottom, box.bottom - chip.bottom)
    places = [_chip(text, left, top, pen) for top in tops if 0 <= top <= height - chip.bottom]
    free = [place for place in places if not any(place.meets(other) for other in taken)]
    place = (free or places or [_chip(text, left, max(0, box.top), pen)])[0]
    taken.append(place)
    _paint_chip(picture, text, place, colour, pen)


def _chip(text: str, left: int, top: int, pen: DrawingStyle) -> _Place:
    width, height = pen.text_size(text)
    margin = round(pen.letter * 0.45)
    return _Place(left, top, left + width + 2 * margin, top + height + 2 * margin)


def _paint_chip(picture: Pixels, text: str, place: _Place, colour: Colour, pen: DrawingStyle) -> None:
    margin = round(pen.letter * 0.45)
    patch = picture[max(0, place.top) : place.bottom, max(0, place.left) : place.right]
    patch[:] = cv2.addWeighted(patch, 0.12, np.full_like(patch, colour), 0.88, 0)
    pen.write(picture, text, place.left + margin, place.bottom - margin, text_colour_on(colour))


def _darker(colour: Colour) -> Colour:
    return cast("Colour", tuple(part // 3 for part in colour))


def draw_shapes(picture: Pixels, chains: Sequence[Any], colour: Colour, pen: DrawingStyle, *, closed: bool) -> None:
    """Draw chains of points (fractions of the picture) on ``picture``, in place."""
    height, width = picture.shape[:2]
    for chain in chains:
        points = np.round(np.array(chain, np.float64) * (width - 1, height - 1)).astype(np.int32)
        cv2.polylines(picture, [points], closed, colour, pen.line + 1, cv2.LINE_AA)
