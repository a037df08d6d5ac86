"""Pictures of charts: bars or lines with title, axes and values, light or dark. Needs the extra ``labels``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.labels.drawing_primitives import Colour, DrawingStyle, colour_of, printable
from voxel51.labels.extras import extra
from voxel51.labels.media import still_images
from voxel51.labels.media.frame import Pixels

with extra("labels"):
    import cv2
    import numpy as np

WIDTH = 1280
MOST_BARS = 40
"""Bars of a picture; the first of more are drawn."""

MOST_LINES = 8
"""Lines of a picture: those with the highest sums."""

_MARGIN = 40
_TOP = 96
_ROW = 36
_PLOT = 460
_MOST_LABEL = 400
_BESIDE = 130
_TITLE = DrawingStyle(line=2, letter=22)
_TEXT = DrawingStyle(line=1, letter=14)
_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a picture: of its background, texts, softer texts, grid and bars."""

    background: Colour
    ink: Colour
    soft: Colour
    grid: Colour
    bar: Colour


THEMES: Mapping[str, Theme] = {
    "light": Theme((255, 255, 255), (34, 28, 24), (105, 91, 82), (226, 218, 213), (216, 79, 31)),
    "dark": Theme((34, 28, 24), (244, 242, 240), (184, 172, 164), (74, 64, 58), (255, 158, 110)),
}
"""Colours by the name of the theme, in the order blue, green, red."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Bar of a chart."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class BarChart:
    """Chart of bars, one below the other.

    Attributes:
        title: title of the chart.
        unit: title of the axis of values.
        bars: the bars, from the top.
    """

    title: str
    unit: str
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class LineChart:
    """Chart of lines over time.

    Attributes:
        title: title of the chart.
        unit: title of the axis of values.
        times: time of each value, in seconds.
        series: values by the name of the line.
    """

    title: str
    unit: str
    times: Sequence[float]
    series: Mapping[str, Sequence[float]]


def chart_picture(chart: BarChart | LineChart, theme: str = "light") -> Pixels:
    """Return the picture of a chart, `WIDTH` pixels wide: BGR, uint8 [H, W, 3].

    Text is in the characters of ASCII, with other scripts in Latin letters: the font of OpenCV has no others.

    Raises:
        KeyError: there is no such theme.
    """
    return _bars(chart, THEMES[theme]) if isinstance(chart, BarChart) else _lines(chart, THEMES[theme])


def save_chart(chart: BarChart | LineChart, output: Path, theme: str = "light") -> None:
    """Write the picture of a chart to a file, as PNG or JPEG by its suffix."""
    still_images.save(chart_picture(chart, theme), output)


def _bars(chart: BarChart, theme: Theme) -> Pixels:
    bars = chart.bars[:MOST_BARS]
    left_out = len(chart.bars) - len(bars)
    rows = max(1, len(bars))
    bottom = _TOP + rows * _ROW
    picture = _canvas(bottom + 92 + (24 if left_out else 0), theme)
    labels = [_shortened(bar.label, _MOST_LABEL) for bar in bars]
    left = _MARGIN + max((_TEXT.text_size(label)[0] for label in labels), default=0) + 16
    ticks = _ticks(max((bar.value for bar in bars), default=0))
    across = (WIDTH - _MARGIN - _BESIDE - left) / ticks[-1]
    _write(picture, chart.title, _MARGIN, 52, theme.ink, _TITLE)
    for tick in ticks:
        x = round(left + tick * across)
        cv2.line(picture, (x, _TOP - 8), (x, bottom), theme.grid, 1)
        _write(picture, _number(tick), x, bottom + 28, theme.soft, middle=True)
    for row, (bar, label) in enumerate(zip(bars, labels, strict=True)):
        y = _TOP + row * _ROW
        end = round(left + max(0.0, bar.value) * across)
        _write(picture, label, left - 12 - _TEXT.text_size(label)[0], y + 23, theme.ink)
        if end > left:
            cv2.rectangle(picture, (left, y + 5), (end, y + _ROW - 8), theme.bar, -1)
        _write(picture, _number(bar.value), end + 8, y + 23, theme.soft)
    cv2.line(picture, (left, _TOP - 8), (left, bottom), theme.soft, 1)
    if not bars:
        _write(picture, "Nothing to count", left + 12, _TOP + 23, theme.soft)
    _write(picture, chart.unit, round(left + ticks[-1] * across / 2), bottom + 62, theme.soft, middle=True)
    if left_out:
        _write(picture, f"and {left_out} more", _MARGIN, bottom + 92, theme.soft)
    return picture


def _lines(chart: LineChart, theme: Theme) -> Pixels:
    names = sorted(chart.series, key=lambda name: -sum(chart.series[name]))
    shown = names[:MOST_LINES]
    bottom = _TOP + 16 + _PLOT
    picture = _canvas(bottom + 92 + 30 * max(1, len(shown)), theme)
    _write(picture, chart.title, _MARGIN, 52, theme.ink, _TITLE)
    _write(picture, chart.unit, _MARGIN, 80, theme.soft)
    ticks = _ticks(max((value for name in shown for value in chart.series[name]), default=0))
    left, right = _MARGIN + max(_TEXT.text_size(_number(tick))[0] for tick in ticks) + 14, WIDTH - _MARGIN
    for tick in ticks:
        y = round(bottom - tick * _PLOT / ticks[-1])
        cv2.line(picture, (left, y), (right, y), theme.grid, 1)
        _write(picture, _number(tick), left - 10 - _TEXT.text_size(_number(tick))[0], y + 5, theme.soft)
    last = max(chart.times, default=0) or 1
    for tick in _ticks(last):
        if tick <= last:
            x = round(left + tick * (right - left) / last)
            cv2.line(picture, (x, bottom), (x, bottom + 6), theme.soft, 1)
            _write(picture, _number(tick), x, bottom + 28, theme.soft, middle=True)
    _write(picture, "seconds", (left + right) // 2, bottom + 56, theme.soft, middle=True)
    for row, name in enumerate(shown):
        colour = _legible(colour_of(row, None), theme)
        points = [
            (left + time * (right - left) / last, bottom - value * _PLOT / ticks[-1])
            for time, value in zip(chart.times, chart.series[name], strict=True)
        ]
        cv2.polylines(picture, [np.round(points).astype(np.int32)], False, colour, 2, cv2.LINE_AA)
        y = bottom + 92 + row * 30
        cv2.rectangle(picture, (left, y - 14), (left + 16, y + 2), colour, -1)
        _write(picture, _shortened(name, 800), left + 28, y, theme.ink)
    if not shown:
        _write(picture, "Nothing to count", left + 12, bottom - 40, theme.soft)
    elif len(names) > len(shown):
        _write(picture, f"and {len(names) - len(shown)} more", right - 160, bottom + 92, theme.soft)
    return picture


def _canvas(height: int, theme: Theme) -> Pixels:
    picture: Pixels = np.empty((height, WIDTH, 3), np.uint8)
    picture[:] = theme.background
    return picture


def _write(
    picture: Pixels,
    text: str,
    x: int,
    baseline: int,
    colour: Colour,
    style: DrawingStyle = _TEXT,
    *,
    middle: bool = False,
) -> None:
    shown = printable(text)
    style.write(picture, shown, x - (style.text_size(shown)[0] // 2 if middle else 0), baseline, colour)


def _shortened(text: str, most: int) -> str:
    shown = printable(text)
    if _TEXT.text_size(shown)[0] <= most:
        return shown
    while shown and _TEXT.text_size(f"{shown}...")[0] > most:
        shown = shown[:-1]
    return f"{shown}..."


def _ticks(largest: float) -> list[float]:
    """Return round numbers from 0 to the first one that is at least ``largest``, at most seven."""
    if largest <= 0:
        return [0, 1]
    power = 10.0 ** math.floor(math.log10(largest / 5))
    step = next(each * power for each in _STEPS if each * power * 5 >= largest * 0.999999)
    return [number * step for number in range(math.ceil(largest / step * 0.999999) + 1)]


def _number(value: float) -> str:
    if abs(value - round(value)) < 1e-9:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.1f}"


def _legible(colour: Colour, theme: Theme) -> Colour:
    """Return a colour of a line, darker on a light background."""
    if theme.background[0] < 128:
        return colour
    blue, green, red = (round(part * 0.7) for part in colour)
    return blue, green, red
