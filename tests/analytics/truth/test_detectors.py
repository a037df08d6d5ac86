"""Detectors in real files: each must find people at their true positions. A file that is decoded as another variant of
its family gives shifted boxes.
"""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from support.in_process_jobs import run_on
from support.pedestrians import pedestrian_film, true_people
from support.weights_for_tests import weights_folder_for_tests, weights_for_tests
from voxel51.analytics.detectors.model_families import LoadedDetector, load_detector
from voxel51.analytics.object_tracks import analytic as object_tracks
from voxel51.labels.evaluate import evaluate
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import resized
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoLabels
from voxel51.platform.named_weights import named
from voxel51.platform.tracking.detections import iou_matrix

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


def test_auto_takes_the_best_present_weights_and_finds_people_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXEL51_WEIGHTS_DIR", str(weights_folder_for_tests()))

    labels, _ = run_on(
        object_tracks, pedestrian_film(), tmp_path, classes=["person"], first_frame=101, last_frame=131, confidence=0.4
    )

    result = evaluate(labels, true_people(range(101, 132)))
    person = result.detection["person"]
    print(f"auto: AP50 {person.average_precision}, {result.tracking}")
    assert labels.provenance is not None
    assert [*labels.provenance["weights"]] == [named("nanodet-plus-m-1.5x").filename]
    assert person.average_precision is not None
    assert person.average_precision >= 0.85
    assert result.tracking is not None
    assert result.tracking.mota >= 0.8


@pytest.mark.parametrize(("picture_size", "least"), [(416, 0.35), (512, 0.5), (640, 0.65)])
def test_a_larger_picture_size_finds_small_people(picture_size: int, least: float) -> None:
    """The film at half its size in a quarter of the image: people of about 22 pixels at 416."""
    loaded = load_detector(weights_for_tests("nanodet-plus-m-1.5x-416-w8.onnx").read_bytes(), picture_size)
    hits = total = 0
    with VideoReader(pedestrian_film()) as frames:
        images = [frame.image() for frame in islice(frames, FRAMES[-1]) if frame.number in FRAMES]
    known = true_people(FRAMES)
    for number, image in zip(FRAMES, images, strict=True):
        four = np.vstack([np.hstack([image, image])] * 2)
        size = loaded.detector.fitting((four.shape[1], four.shape[0]))
        found = loaded.detector.detect(resized(four, *size), 0.4)
        boxes = found.boxes[found.classes == 0] / np.array([*size, *size], np.float32)
        quarter = boxes[(boxes[:, 2] <= 0.5) & (boxes[:, 3] <= 0.5)] * 2
        true = [each.bounding_box for each in known.objects_in(number)]
        sides = np.array([[b.left, b.top, b.right, b.bottom] for b in true if b], np.float32)
        overlap = iou_matrix(sides, quarter)
        hits += int((overlap.max(axis=1, initial=0) >= 0.5).sum())
        total += len(sides)
    print(f"picture_size {picture_size}: recall {hits / total:.3f}")
    assert hits / total >= least
