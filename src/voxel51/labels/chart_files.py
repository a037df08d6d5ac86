"""Files of charts: each chart of a job, or of the labels of many videos, as a table or as a picture."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voxel51.labels.chart_pictures import Bar, BarChart, LineChart, save_chart
from voxel51.labels.charts import Charts
from voxel51.labels.formats.tables import escaped_formula
from voxel51.labels.track_bars import LENGTH_BOUNDS, SPEED_BOUNDS


def write_job_chart(charts: Charts, chart: str, output: Path, theme: str = "light") -> None:
    """Write a chart of a job to ``output``: CSV or PNG, by its suffix.

    Args:
        charts: the charts, with the zone or the line that ``chart`` needs.
        chart: ``classes``, ``timeline``, ``lengths``, ``speeds``, ``zone`` or ``line``.
        output: the file.
        theme: ``light`` or ``dark``.
    """
    if output.suffix == ".csv":
        _write_rows(_rows(charts, chart), output, _COLUMNS[chart])
    else:
        save_chart(_picture(charts, chart), output, theme)


def write_set_chart(chart: str, rows: Sequence[Mapping[str, Any]], output: Path, theme: str = "light") -> None:
    """Write a chart of many videos as PNG; ``rows`` are those of its SQL (`voxel51.labels.sql.charts`)."""
    title, label, value = _SETS[chart]
    bars = [Bar(_of_set(chart, row[label]), float(row[value])) for row in rows]
    save_chart(BarChart(title, value, bars), output, theme)


_BY_SPEED = "Tracks by speed in pixels per second"
_SETS = {
    "classes": ("Detections by class", "label", "detections"),
    "videos": ("Detections by video", "video", "detections"),
    "hours": ("Detections by hour of the day", "hour", "detections"),
    "lengths": ("Tracks by length", "at_least_seconds", "tracks"),
    "speeds": (_BY_SPEED, "at_least_pixels_per_second", "tracks"),
}


def _of_set(chart: str, label: Any) -> str:
    if chart == "hours":
        return f"{int(label):02d}:00"
    if chart == "speeds":
        return _range(float(label), SPEED_BOUNDS, "")
    return _length(float(label)) if chart == "lengths" else str(label)


def _length(bound: float) -> str:
    return _range(bound, LENGTH_BOUNDS, " s")


def _range(bound: float, bounds: Sequence[float], unit: str) -> str:
    """Return the range between ``bound`` and the next one, as text."""
    higher = [each for each in bounds if each > bound]
    return f"{bound:g} to {higher[0]:g}{unit}" if higher else f"{bound:g}{unit} and more"


def _picture(charts: Charts, chart: str) -> BarChart | LineChart:
    if chart == "classes":
        return BarChart("Boxes by class", "boxes", [Bar(each.label, each.boxes) for each in charts.classes])
    if chart == "lengths":
        return BarChart(
            "Tracks by length", "tracks", [Bar(_length(each.seconds), each.tracks) for each in charts.lengths]
        )
    if chart == "speeds":
        speeds = [Bar(_range(each.speed, SPEED_BOUNDS, ""), each.tracks) for each in charts.speeds or ()]
        return BarChart(_BY_SPEED, "tracks", speeds)
    if chart == "zone":
        return BarChart("Time in the zone", "seconds", [Bar(each.label, each.seconds) for each in charts.zone or ()])
    if chart == "line":
        bars = [
            Bar(f"{each.label}, to the {side}", count)
            for each in charts.line or ()
            for side, count in (("right", each.to_right), ("left", each.to_left))
        ]
        return BarChart("Crossings of the line", "crossings", bars)
    times = [(start - 1) / charts.frame_rate for start in charts.timeline.starts]
    return LineChart("Objects at the same time", "most boxes in one frame", times, charts.timeline.counts)


def _rows(charts: Charts, chart: str) -> list[dict[str, Any]]:
    if chart == "timeline":
        return [
            {"first_frame": start, "seconds": round((start - 1) / charts.frame_rate, 3), "label": label, "boxes": count}
            for label, counts in charts.timeline.counts.items()
            for start, count in zip(charts.timeline.starts, counts, strict=True)
        ]
    return [asdict(each) for each in getattr(charts, chart) or ()]


_COLUMNS = {
    "classes": ("label", "boxes", "tracks", "frames", "seconds", "first_frame"),
    "timeline": ("first_frame", "seconds", "label", "boxes"),
    "lengths": ("seconds", "tracks", "first_frame"),
    "speeds": ("speed", "tracks", "first_frame"),
    "zone": ("label", "visits", "tracks", "seconds", "first_frame"),
    "line": ("label", "to_right", "to_left", "first_frame"),
}


def _write_rows(rows: Sequence[Mapping[str, Any]], output: Path, columns: Sequence[str]) -> None:
    with output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for row in rows:
            writer.writerow({name: escaped_formula(value) for name, value in row.items()})
