"""Frames: one decoded frame of a video, with its pixels in display orientation."""

import struct
import threading
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from voxel51.labels.geometry import BoundingBox

Pixels = NDArray[np.uint8]

_PLANAR = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"})
_LUMA_FIRST = _PLANAR | {"gray", "nv12", "nv21"}


class Region(NamedTuple):
    """Part of an image: its sides as fractions of width and height, 0 to 1."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    def cut(self, pixels: Any) -> Pixels:
        """Return this part of ``pixels`` (uint8 [H, W] or [H, W, channels]) as a view, at least one pixel in each
        direction.
        """
        height, width = pixels.shape[:2]
        first, last = _span(self.left, self.right, width)
        top, bottom = _span(self.top, self.bottom, height)
        return cast("Pixels", pixels[top:bottom, first:last])


FULL_FRAME = Region()


def _span(first: float, last: float, length: int) -> tuple[int, int]:
    start = min(round(first * length), length - 1)
    return start, max(round(last * length), start + 1)


class Orientation(NamedTuple):
    """Transformation from stored to displayed pixels: swap the axes, then mirror."""

    swapped: bool = False
    mirrored_across: bool = False
    mirrored_down: bool = False

    def apply(self, pixels: Any) -> Pixels:
        """Return ``pixels`` (uint8 [H, W] or [H, W, channels]) as displayed; the same array if nothing changes."""
        if self.swapped:
            pixels = cv2.transpose(pixels)
        if self.mirrored_across or self.mirrored_down:
            axis = -1 if self.mirrored_across and self.mirrored_down else int(self.mirrored_across)
            pixels = cv2.flip(pixels, axis)
        return cast("Pixels", pixels)

    def stored(self, shown: Region) -> Region:
        """Return the region of the stored image that is displayed as ``shown``."""
        left, top, right, bottom = shown
        if self.mirrored_across:
            left, right = 1 - right, 1 - left
        if self.mirrored_down:
            top, bottom = 1 - bottom, 1 - top
        return Region(top, left, bottom, right) if self.swapped else Region(left, top, right, bottom)


UPRIGHT = Orientation()


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """Return the orientation by the display matrix of a frame, to the nearest quarter turn. Phones record such a
    matrix.
    """
    side_data: Any = frame.side_data.get("DISPLAYMATRIX")
    if side_data is None:
        return UPRIGHT
    # Row by row, a point (x, y) is shown at (a x + c y, b x + d y), y pointing down.
    a, b, _, c, d = struct.unpack("<5i", bytes(side_data)[:20])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(swapped=True, mirrored_across=c < 0, mirrored_down=b < 0)
    return Orientation(mirrored_across=a < 0, mirrored_down=d < 0)


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame. Each call for pixels computes a new array.

    Attributes:
        number: position among the decoded frames, from 1.
        time: presentation time, in seconds from the start of the file.
        is_damaged: whether the decoder had to guess parts of the frame.
    """

    number: int
    time: float
    is_damaged: bool
    _decoded: av.VideoFrame
    _orientation: Orientation
    _window: Region = FULL_FRAME

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as displayed."""
        stored = self._decoded.width, self._decoded.height
        width, height = (stored[1], stored[0]) if self._orientation.swapped else stored
        left, right = _span(self._window.left, self._window.right, width)
        top, bottom = _span(self._window.top, self._window.bottom, height)
        return right - left, bottom - top

    def guarded(self) -> "Frame":
        """Return the same frame, for several threads."""
        return replace(self, _decoded=cast("av.VideoFrame", _GuardedPicture(self._decoded)))

    def part(self, window: Region) -> "Frame":
        """Return the same frame, reduced to ``window``."""
        return replace(self, _window=window)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of `image` (pixels) as a point of the whole frame (fractions), rounded to 5 decimals."""
        width, height = self.size
        left, top, right, bottom = self._window
        return round(left + (right - left) * x / width, 5), round(top + (bottom - top) * y / height, 5)

    def box(self, left: float, top: float, right: float, bottom: float) -> BoundingBox | None:
        """Return a box of `image` (pixels) as a box of the whole frame, clipped; None if no part of it is inside."""
        width, height = self.size
        inside = BoundingBox.clipped(left / width, top / height, right / width, bottom / height)
        return inside if inside is None or self._window == FULL_FRAME else inside.within(*self._window)

    def image(self) -> Pixels:
        """Return the image, as displayed: BGR, uint8 [H, W, 3]. Of a part of the frame, only that part."""
        return self._shown(self._decoded.to_ndarray(format="bgr24"))

    def luma(self) -> Pixels:
        """Return the brightness: uint8 [H, W]. For the usual formats this is a read-only view of the decoder's memory.

        Its range is that of the video, mostly 16 to 235.
        """
        if self._decoded.format.name in _LUMA_FIRST:
            return self._shown(_plane(self._decoded, 0, self._decoded.width, self._decoded.height))
        return self._shown(self._decoded.to_ndarray(format="gray"))

    def small(self, width: int, height: int) -> Pixels:
        """Return the image resized to ``width`` by ``height``: BGR, uint8 [height, width, 3].

        Planes are resized before colours are converted, which takes a tenth of the time of `image`. Colours are
        approximate: those of standard definition, whatever the video declares.
        """
        if self._orientation.swapped:
            width, height = height, width
        name = self._decoded.format.name
        if name not in _PLANAR:
            part = self._orientation.stored(self._window).cut(self._decoded.to_ndarray(format="bgr24"))
            return self._orientation.apply(resized(part, width, height))
        wide, high = self._decoded.width, self._decoded.height
        half_wide = wide if "444" in name else (wide + 1) // 2
        half_high = (high + 1) // 2 if "420" in name else high
        stored = self._orientation.stored(self._window)
        sizes = ((0, wide, high), (2, half_wide, half_high), (1, half_wide, half_high))
        planes: list[Any] = [resized(stored.cut(_plane(self._decoded, *each)), width, height) for each in sizes]
        if not self.has_full_range:
            planes = [cv2.LUT(plane, table) for plane, table in zip(planes, _FULL_RANGE, strict=True)]
        return self._orientation.apply(cv2.cvtColor(cv2.merge(planes), cv2.COLOR_YCrCb2BGR))

    def encodable(self, width: int, height: int) -> av.VideoFrame:
        """Return the frame for an encoder, ``width`` by ``height`` (both even): yuv420p, BT.709, 16 to 235."""
        picture = self._decoded
        if self._orientation != UPRIGHT or self._window != FULL_FRAME:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(self.image()), format="bgr24")
        return picture.reformat(width, height, "yuv420p", dst_colorspace="ITU709", dst_color_range=ColorRange.MPEG)

    def _shown(self, stored: Any) -> Pixels:
        return self._orientation.apply(self._orientation.stored(self._window).cut(stored))

    @property
    def is_keyframe(self) -> bool:
        """Whether the frame can be decoded without the frames before it."""
        return bool(self._decoded.key_frame)

    @property
    def has_full_range(self) -> bool:
        """Whether brightness is stored as 0 to 255, and not as 16 to 235."""
        return self._decoded.color_range == ColorRange.JPEG or self._decoded.format.name.startswith("yuvj")


def _plane(frame: av.VideoFrame, index: int, width: int, height: int) -> Pixels:
    plane: Any = frame.planes[index]
    rows = np.frombuffer(plane, np.uint8, count=plane.line_size * height)
    rows.flags.writeable = False  # the decoder refers to earlier frames, and other threads may read this one
    return rows.reshape(height, plane.line_size)[:, :width]


def resized(pixels: Any, width: int, height: int) -> Pixels:
    """Return ``pixels`` (uint8 [H, W] or [H, W, channels]) as ``height`` rows of ``width``; smaller pixels are means of
    the original ones.

    Halving is twenty times as fast as shrinking by any other factor, so the image is halved as often as possible first.
    """
    while _can_be_halved(pixels, width, height):
        half = pixels.shape[1] // 2, pixels.shape[0] // 2
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
    method = cv2.INTER_AREA if width < pixels.shape[1] else cv2.INTER_LINEAR
    return cast("Pixels", cv2.resize(pixels, (width, height), interpolation=method))


def _can_be_halved(pixels: Pixels, width: int, height: int) -> bool:
    high, wide = (int(side) for side in pixels.shape[:2])
    return wide % 2 == 0 and high % 2 == 0 and wide >= 2 * width and high >= 2 * height


def _stretched(low: int, high: int, middle: int) -> Pixels:
    """Return a lookup table that maps ``low`` to ``high`` to the full range and keeps ``middle``."""
    values = (np.arange(256) - middle) * (255 / (high - low)) + (0 if middle == low else middle)
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


_FULL_RANGE = (_stretched(16, 235, 16), _stretched(16, 240, 128), _stretched(16, 240, 128))
"""Tables from the usual range of video to that of images: brightness, and both colour differences."""


class _GuardedPicture:
    """Decoded picture that several threads convert, one at a time: FFmpeg keeps a converter with each picture."""

    def __init__(self, picture: av.VideoFrame) -> None:
        self._picture = picture
        self._converting = threading.Lock()

    def to_ndarray(self, **options: Any) -> Any:
        """Convert the picture to an array; see `av.VideoFrame.to_ndarray`."""
        with self._converting:
            return self._picture.to_ndarray(**options)

    def reformat(self, *arguments: Any, **options: Any) -> av.VideoFrame:
        """Convert the picture; see `av.VideoFrame.reformat`."""
        with self._converting:
            return self._picture.reformat(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._picture, name)
