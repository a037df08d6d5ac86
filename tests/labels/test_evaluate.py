"""Evaluation of labels: the figures equal those of pycocotools and py-motmetrics."""

import json
import random
from pathlib import Path

import motmetrics
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from voxel51.labels.evaluate import evaluate, evaluate_against
from voxel51.labels.formats.boxes import boxes_of
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.review import apply_edits
from voxel51.labels.video import VideoLabels

SIZE = (1000, 1000)
FRAMES = 40
SEEDS = range(6)


def labels_of(detections: dict[int, list[tuple[str, int | None, float | None, tuple[float, ...]]]]) -> VideoLabels:
    labels = VideoLabels(metadata=VideoMetadata(frame_size=SIZE, total_frame_count=FRAMES))
    for number, found in detections.items():
        for label, track, confidence, sides in found:
            box = BoundingBox.clipped(*sides)
            labels.frame(number).objects.append(
                DetectedObject(label=label, index=track, confidence=confidence, bounding_box=box)
            )
    return labels


def scene(seed: int) -> tuple[VideoLabels, VideoLabels]:
    """Return the output of a mediocre tracker and its ground truth, with misses, false boxes and track switches."""
    chance = random.Random(seed)
    truth: dict[int, list[tuple[str, int | None, float | None, tuple[float, ...]]]] = {}
    found: dict[int, list[tuple[str, int | None, float | None, tuple[float, ...]]]] = {}
    for thing in range(6):
        x, y = chance.uniform(0.1, 0.7), chance.uniform(0.1, 0.7)
        step = chance.uniform(-0.005, 0.005), chance.uniform(-0.005, 0.005)
        label, number = chance.choice(["car", "person"]), thing
        for frame in range(chance.randint(1, 10), FRAMES + 1):
            x, y = x + step[0], y + step[1]
            truth.setdefault(frame, []).append((label, thing, None, (x, y, x + 0.15, y + 0.2)))
            if chance.random() < 0.05:
                number += 100  # it gets another number
            if chance.random() < 0.85:
                dx, dy = chance.gauss(0, 0.02), chance.gauss(0, 0.02)
                sides = (x + dx, y + dy, x + dx + 0.15, y + dy + 0.2)
                found.setdefault(frame, []).append((label, number, round(chance.uniform(0.3, 1), 6), sides))
            if chance.random() < 0.08:
                a, b = chance.uniform(0, 0.8), chance.uniform(0, 0.8)
                ghost = (a, b, a + 0.1, b + 0.1)
                track = 10_000 + thing * 100 + frame
                found.setdefault(frame, []).append((label, track, round(chance.uniform(0.2, 0.8), 6), ghost))
    return labels_of(found), labels_of(truth)


@pytest.mark.parametrize("seed", SEEDS)
def test_average_precision_equals_that_of_pycocotools(seed: int, tmp_path: Path) -> None:
    found, truth = scene(seed)
    truth.convert("coco", tmp_path / "truth.json")
    coco = COCO(str(tmp_path / "truth.json"))
    ids = {each["name"]: each["id"] for each in coco.loadCats(coco.getCatIds())}
    results = [
        {
            "image_id": box.frame_number,
            "category_id": ids[box.label],
            "bbox": [box.left, box.top, box.width, box.height],
            "score": box.confidence,
        }
        for box in boxes_of(found)
    ]
    (tmp_path / "found.json").write_text(json.dumps(results))
    judged = COCOeval(coco, coco.loadRes(str(tmp_path / "found.json")), "bbox")
    judged.params.iouThrs = np.array([0.5])
    judged.params.catIds = sorted({ids[box.label] for box in boxes_of(truth)})  # the file lists every class of COCO
    judged.evaluate()
    judged.accumulate()

    ours = evaluate(found, truth)

    assert sorted(ids[name] for name in ours.detection) == judged.params.catIds
    for name, figures in ours.detection.items():
        column = judged.params.catIds.index(ids[name])
        theirs = judged.eval["precision"][0, :, column, 0, -1].mean()
        assert figures.average_precision == pytest.approx(theirs, abs=1e-3)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("seed", SEEDS)
def test_mota_and_idf1_equal_those_of_motmetrics(seed: int) -> None:
    found, truth = scene(seed)
    judged = motmetrics.MOTAccumulator()
    for frame in range(1, FRAMES + 1):
        known, seen = list(truth.objects_in(frame)), list(found.objects_in(frame))
        distances = np.array([[_distance(a.bounding_box, b.bounding_box) for b in seen] for a in known])
        distances = distances.reshape(len(known), len(seen))
        judged.update([each.index for each in known], [each.index for each in seen], distances, frameid=frame)
    theirs = motmetrics.metrics.create().compute(
        judged, metrics=["mota", "idf1", "num_misses", "num_false_positives", "num_switches"], return_dataframe=False
    )

    ours = evaluate(found, truth, frames=range(1, FRAMES + 1)).tracking

    assert ours is not None
    assert ours.mota == pytest.approx(theirs["mota"], abs=0.01)
    assert ours.idf1 == pytest.approx(theirs["idf1"], abs=1e-6)
    assert (ours.missed_count, ours.false_count) == (theirs["num_misses"], theirs["num_false_positives"])


def _distance(first: BoundingBox | None, second: BoundingBox | None) -> float:
    assert first is not None
    assert second is not None
    across = min(first.right, second.right) - max(first.left, second.left)
    down = min(first.bottom, second.bottom) - max(first.top, second.top)
    shared = max(across, 0.0) * max(down, 0.0)
    areas = sum((box.right - box.left) * (box.bottom - box.top) for box in (first, second))
    overlap = shared / (areas - shared)
    return 1 - overlap if overlap >= 0.5 else float("nan")


def test_labels_evaluated_against_themselves_are_perfect() -> None:
    _, truth = scene(1)

    same = evaluate(truth, truth)

    assert same.mean_average_precision == 1
    assert same.tracking is not None
    assert (same.tracking.mota, same.tracking.idf1, same.tracking.switch_count) == (1, 1, 0)


def test_labels_without_tracks_have_no_tracking_scores() -> None:
    found = labels_of({1: [("car", None, 0.5, (0.1, 0.1, 0.2, 0.2))]})
    _, truth = scene(1)

    assert evaluate(found, truth).tracking is None


def test_only_frames_that_the_ground_truth_labels_count() -> None:
    box = ("car", 1, 0.9, (0.1, 0.1, 0.2, 0.2))
    found, truth = labels_of({1: [box], 2: [box]}), labels_of({1: [box]})

    assert evaluate(found, truth).detection["car"].precision == 1
    assert evaluate(found, truth, frames=[1, 2]).detection["car"].precision == 0.5


def test_empty_labels_have_no_scores() -> None:
    empty = evaluate(VideoLabels(), VideoLabels())

    assert (empty.detection, empty.tracking, empty.mean_average_precision) == ({}, None, None)
    with pytest.raises(ValueError, match="overlap is 0"):
        evaluate(VideoLabels(), VideoLabels(), overlap=0)


def test_truth_of_a_review_is_what_was_accepted_and_what_is_undecided_does_not_count() -> None:
    left, right, middle = (0.0, 0.0, 0.2, 0.2), (0.5, 0.5, 0.9, 0.9), (0.3, 0.3, 0.4, 0.4)
    found = labels_of(
        {1: [("car", 1, 0.9, left), ("car", 2, 0.8, right), ("car", 3, 0.7, middle)], 2: [("car", 3, 0.7, middle)]}
    )
    review = apply_edits(found, [
        {"edit": "accept", "tracks": [1]}, {"edit": "reject", "tracks": [3]},
        {"edit": "draw", "track": 4, "frame": 1, "box": [0.0, 0.7, 0.2, 0.9], "label": "car"},
    ])  # fmt: skip
    truth = VideoLabels(frames=review.labels.frames, provenance={"review": {}})

    scores = evaluate_against(found, truth).detection["car"]

    # Track 1 is right, track 2 is undecided, both boxes of track 3 are wrong, and the drawn box was missed.
    assert (scores.true_count, scores.found_count) == (2, 3)
    assert (scores.precision, scores.recall) == (1 / 3, 1 / 2)
