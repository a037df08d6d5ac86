"""Film of pedestrians with true boxes: `tests/analytics/truth`."""

import csv
import hashlib
import os
from collections.abc import Container
from pathlib import Path

from support.requirements import skip_except_in_ci
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoLabels

EXAMPLES = Path(os.environ.get("OPENCV_DOC", "/usr/share/doc/opencv-doc")) / "examples/data"
SHA256 = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"
WIDTH, HEIGHT = 768, 576
TRUTH = Path(__file__).parents[1] / "analytics/truth/vtest.csv"


def pedestrian_film() -> Path:
    """Return the path of ``vtest.avi``; see `example_film`."""
    film = example_film("vtest.avi")
    assert hashlib.sha256(film.read_bytes()).hexdigest() == SHA256
    return film


def example_film(name: str) -> Path:
    """Return the path of a film of the package opencv-doc. Without the package the test is skipped, except in CI."""
    film = EXAMPLES / name
    if not film.is_file():
        skip_except_in_ci(f"{film} is not there (apt-get install opencv-doc)")
    return film


def true_people(frames: Container[int] = range(1, 10_000)) -> VideoLabels:
    """Return the true boxes in ``frames`` as labels."""
    labels = VideoLabels()
    with TRUTH.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if int(row["frame"]) not in frames:
                continue
            left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
            box = BoundingBox.clipped(left / WIDTH, top / HEIGHT, (left + width) / WIDTH, (top + height) / HEIGHT)
            person = DetectedObject(label="person", index=int(row["person"]), bounding_box=box)
            labels.frame(int(row["frame"])).objects.append(person)
    return labels
