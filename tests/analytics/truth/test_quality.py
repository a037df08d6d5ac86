"""Quality of object-tracks at its defaults, on real footage with true boxes. Raise the limits when it improves."""

import csv
import hashlib
import os
from pathlib import Path

import pytest

from support.in_process_jobs import run_on
from voxel51.analytics.object_tracks import analytic
from voxel51.labels.evaluate import evaluate
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoLabels

VIDEO = Path(os.environ.get("OPENCV_DOC", "/usr/share/doc/opencv-doc")) / "examples/data/vtest.avi"
SHA256 = "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf"
WIDTH, HEIGHT = 768, 576

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def video() -> Path:
    if VIDEO.is_file():
        assert hashlib.sha256(VIDEO.read_bytes()).hexdigest() == SHA256
        return VIDEO
    if os.environ.get("CI"):
        pytest.fail(f"{VIDEO} is not there; install the package opencv-doc")
    pytest.skip(f"{VIDEO} is not there (apt-get install opencv-doc)")


def truth() -> VideoLabels:
    """The true boxes, as labels."""
    labels = VideoLabels()
    with (Path(__file__).parent / "vtest.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
            box = BoundingBox.clipped(left / WIDTH, top / HEIGHT, (left + width) / WIDTH, (top + height) / HEIGHT)
            person = DetectedObject(label="person", index=int(row["person"]), bounding_box=box)
            labels.frame(int(row["frame"])).objects.append(person)
    return labels


def test_the_true_boxes_match_their_documentation() -> None:
    known = truth()

    assert len(known.frames) == 93
    assert sum(len(frame.objects) for frame in known.frames.values()) == 517
    assert len({each.index for frame in known.frames.values() for each in frame.objects}) == 18


def test_detection_and_tracking_reach_the_documented_quality(video: Path, tmp_path: Path) -> None:
    labels, _ = run_on(analytic, video, tmp_path, classes=["person"], last_frame=671)

    result = evaluate(labels, truth())

    person, tracking = result.detection["person"], result.tracking
    assert tracking is not None
    print(
        f"AP50 {person.average_precision:.3f}, precision {person.precision:.3f}, recall {person.recall:.3f}, "
        f"MOTA {tracking.mota:.3f}, IDF1 {tracking.idf1:.3f}, switches {tracking.switch_count}"
    )
    assert person.average_precision is not None
    assert person.average_precision >= 0.85
    assert tracking.mota >= 0.85
    assert tracking.idf1 >= 0.80
