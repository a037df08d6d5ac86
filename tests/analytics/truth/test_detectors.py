"""Detectors in real files: each must find people at their true positions. A file that is decoded as another variant of
its family gives shifted boxes.
"""

from pathlib import Path

import pytest

from support.pedestrians import pedestrian_film, true_people
from support.weights_for_tests import weights_for_tests
from voxel51.analytics.detectors.model_families import LoadedDetector, load_detector
from voxel51.labels.evaluate import evaluate
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoLabels

FRAMES = range(101, 132, 3)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def people_found(loaded: LoadedDetector, video: Path) -> VideoLabels:
    labels = VideoLabels()
    with VideoReader(video) as frames:
        for frame in frames:
            if frame.number > FRAMES[-1]:
                break
            if frame.number not in FRAMES:
                continue
            width, height = loaded.detector.fitting(frame.size)
            found = loaded.detector.detect(frame.small(width, height), 0.1)
            for box, score, kind in zip(found.boxes, found.scores, found.classes, strict=True):
                if loaded.names[kind] == "person":
                    left, top, right, bottom = (float(side) for side in box)
                    sides = BoundingBox.clipped(left / width, top / height, right / width, bottom / height)
                    person = DetectedObject(label="person", bounding_box=sides, confidence=float(score))
                    labels.frame(frame.number).objects.append(person)
    return labels


@pytest.mark.parametrize(
    ("filename", "family"),
    [
        ("nanodet-plus-m-1.5x-416-w8.onnx", "nanodet-plus"),
        ("nanodet-plus-m-416-fp16.onnx", "nanodet-plus"),
        ("picodet-s-416-fp16.onnx", "picodet"),
        ("nanodet-g-416-fp16.onnx", "nanodet"),
    ],
)
def test_a_real_file_finds_people_at_their_true_positions(filename: str, family: str) -> None:
    loaded = load_detector(weights_for_tests(filename).read_bytes(), 416)

    found = people_found(loaded, pedestrian_film())

    person = evaluate(found, true_people(FRAMES)).detection["person"]
    print(f"{filename}: AP50 {person.average_precision:.3f}")
    assert loaded.family == family
    assert person.average_precision is not None
    assert person.average_precision >= 0.85
