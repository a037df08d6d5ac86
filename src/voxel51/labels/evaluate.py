"""Evaluation of labels against ground truth: average precision, MOTA and IDF1.

- average precision: https://cocodataset.org/#detection-eval, at one overlap, 101 points of recall
- MOTA: K. Bernardin and R. Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics", 2008
- IDF1: E. Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking", ECCV 2016
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from voxel51.labels.extras import extra
from voxel51.labels.overlap import SAME_OVERLAP, FrameBox, best_pairs, boxes_on, by_frame, iou_matrix
from voxel51.labels.review import is_review, review_truth
from voxel51.labels.video_base import VideoLabelsBase

with extra("labels"):
    import numpy as np
    from numpy.typing import NDArray

_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class DetectionScores:
    """Quality of the detections of one label.

    Attributes:
        average_precision: in [0, 1]; None if the ground truth has no box of the label.
        precision, recall: over all boxes, regardless of their confidence; None if there are no boxes.
        true_count, found_count: number of boxes in the ground truth and in the evaluated labels.
        matched_count: number of found boxes that match a true box.
    """

    average_precision: float | None
    precision: float | None
    recall: float | None
    true_count: int
    found_count: int
    matched_count: int


@dataclass(frozen=True, slots=True)
class TrackingScores:
    """Quality of the tracks.

    Attributes:
        mota: 1 - (missed + false + switches) / true boxes; negative if there are more errors than boxes.
        idf1: share of boxes with the track number that fits best over the whole video, in [0, 1].
        missed_count, false_count, switch_count: true boxes without a found box, found boxes without a true box, and the
            number of times that the track number of an object changes.
    """

    mota: float
    idf1: float
    missed_count: int
    false_count: int
    switch_count: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores by label, and of all tracks. ``tracking`` is None if a box on either side has no track."""

    detection: Mapping[str, DetectionScores]
    tracking: TrackingScores | None

    @property
    def mean_average_precision(self) -> float | None:
        """Mean over the labels that the ground truth contains; None if it contains no boxes."""
        known = [each.average_precision for each in self.detection.values() if each.average_precision is not None]
        return sum(known) / len(known) if known else None


def evaluate(
    found: VideoLabelsBase,
    truth: VideoLabelsBase,
    frames: Iterable[int] | None = None,
    overlap: float = SAME_OVERLAP,
    ignored: VideoLabelsBase | None = None,
) -> Evaluation:
    """Return the scores of ``found`` against the ground truth ``truth``, on ``frames`` or else on those that ``truth``
    labels.

    Boxes of ``found`` that match no box of ``truth``, but one of ``ignored`` with any label, do not count.

    Raises:
        ValueError: the overlap is not above 0 and at most 1.
        ModuleNotFoundError: tracks are to be compared, and scipy is not installed.
    """
    if not 0 < overlap <= 1:
        raise ValueError(f"overlap is {overlap}; it must be above 0 and at most 1")
    chosen = _labelled_frames(truth) if frames is None else set(frames)
    known, seen = boxes_on(truth, chosen), boxes_on(found, chosen)
    if ignored is not None:
        seen = _counted(seen, known, boxes_on(ignored, chosen), overlap)
    names = sorted({box.label for box in [*known, *seen]})
    detection = {
        name: _detection([b for b in seen if b.label == name], [b for b in known if b.label == name], overlap)
        for name in names
    }
    is_tracked = bool(known) and all(box.track is not None for box in [*known, *seen])
    return Evaluation(detection, _tracking(seen, known, overlap) if is_tracked else None)


def evaluate_against(found: VideoLabelsBase, truth: VideoLabelsBase, overlap: float = SAME_OVERLAP) -> Evaluation:
    """Return the scores of ``found`` against ``truth``, which may be a version of a review.

    The ground truth of a review is what was accepted. What is undecided does not count, and all frames do, because a
    reviewer sees all: a box in a frame without true boxes is wrong.

    Raises:
        ValueError, ModuleNotFoundError: as `evaluate` does.
    """
    if not is_review(truth):
        return evaluate(found, truth, overlap=overlap)
    accepted, undecided = review_truth(truth)
    return evaluate(found, accepted, _labelled_frames(found) | _labelled_frames(truth), overlap, undecided)


def _labelled_frames(labels: VideoLabelsBase) -> set[int]:
    return set(labels.frames) | set(labels.frames_with_objects())


def _counted(found: list[FrameBox], known: list[FrameBox], ignored: list[FrameBox], overlap: float) -> list[FrameBox]:
    """Return the boxes of ``found`` without those that match only a box of ``ignored``."""
    truth, others = by_frame(known), by_frame(ignored)
    counted = []
    for number, boxes in by_frame(found).items():
        is_hit = np.any(iou_matrix(boxes, truth.get(number, [])) >= overlap, axis=1)
        is_ignored = np.any(iou_matrix(boxes, others.get(number, [])) >= overlap, axis=1)
        counted += [box for place, box in enumerate(boxes) if is_hit[place] or not is_ignored[place]]
    return counted


def _detection(found: list[FrameBox], known: list[FrameBox], overlap: float) -> DetectionScores:
    truth, hits = by_frame(known), []
    for number, boxes in by_frame(found).items():
        hits += _hits(boxes, truth.get(number, []), overlap)
    hits.sort(key=lambda hit: -hit[0])
    right = np.cumsum([is_right for _, is_right in hits]) if hits else np.zeros(0)
    total = int(right[-1]) if len(right) else 0
    return DetectionScores(
        average_precision=_average_precision(right, len(known)) if known else None,
        precision=total / len(found) if found else None,
        recall=total / len(known) if known else None,
        true_count=len(known),
        found_count=len(found),
        matched_count=total,
    )


def _hits(found: list[FrameBox], known: list[FrameBox], overlap: float) -> list[tuple[float, bool]]:
    """Return the confidence of each found box of a frame, and whether it matches a true box that no surer box has
    taken.
    """
    taken: set[int] = set()
    shares = iou_matrix(found, known)
    hits = []
    for place in sorted(range(len(found)), key=lambda each: -found[each].confidence):
        free = [each for each in range(len(known)) if each not in taken and shares[place, each] >= overlap]
        best = max(free, key=lambda each: shares[place, each], default=None)
        if best is not None:
            taken.add(best)
        hits.append((found[place].confidence, best is not None))
    return hits


def _average_precision(right: NDArray[np.float64], true_count: int) -> float:
    precision = right / np.arange(1, len(right) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]  # precision reached at this recall or a higher one
    places = np.searchsorted(right / true_count, _RECALLS, side="left")
    return float(np.mean([envelope[place] if place < len(envelope) else 0.0 for place in places]))


def _tracking(found: list[FrameBox], known: list[FrameBox], overlap: float) -> TrackingScores:
    seen, truth = by_frame(found), by_frame(known)
    last: dict[int, int] = {}  # true track -> the number it had last
    missed = false = switches = 0
    together: Counter[tuple[int, int]] = Counter()  # true track, found track -> frames in which they overlap enough
    for number in sorted(seen.keys() | truth.keys()):
        boxes, true_boxes = seen.get(number, []), truth.get(number, [])
        shares = iou_matrix(true_boxes, boxes)
        for row, column in zip(*np.nonzero(shares >= overlap), strict=True):
            together[_number(true_boxes[row]), _number(boxes[column])] += 1
        matched = _matched(true_boxes, boxes, shares, overlap, last)
        missed += len(true_boxes) - len(matched)
        false += len(boxes) - len(matched)
        switches += sum(last.get(true, track) != track for true, track in matched.items())
        last.update(matched)
    mota = 1 - (missed + false + switches) / len(known)
    return TrackingScores(mota, _idf1(found, known, together), missed, false, switches)


def _matched(
    known: list[FrameBox], found: list[FrameBox], shares: NDArray[np.float64], overlap: float, last: Mapping[int, int]
) -> dict[int, int]:
    """Match true tracks to found tracks: a track keeps its number while they overlap; the rest is assigned for most
    overlap.
    """
    columns = {_number(box): column for column, box in enumerate(found)}
    matched: dict[int, int] = {}
    for row, box in enumerate(known):
        kept = columns.get(last.get(_number(box), -1))
        if kept is not None and shares[row, kept] >= overlap and _number(found[kept]) not in matched.values():
            matched[_number(box)] = _number(found[kept])
    rows = [row for row, box in enumerate(known) if _number(box) not in matched]
    free = [column for column, box in enumerate(found) if _number(box) not in matched.values()]
    for row, column in best_pairs(shares[np.ix_(rows, free)], overlap):
        matched[_number(known[rows[row]])] = _number(found[free[column]])
    return matched


def _idf1(found: list[FrameBox], known: list[FrameBox], together: Mapping[tuple[int, int], int]) -> float:
    true_tracks, tracks = sorted({_number(b) for b in known}), sorted({_number(b) for b in found})
    shared = np.array([[together.get((true, track), 0) for track in tracks] for true in true_tracks], np.float64)
    right = sum(shared[row, column] for row, column in best_pairs(shared.reshape(len(true_tracks), len(tracks)), 1))
    return float(2 * right / (len(known) + len(found)))


def _number(box: FrameBox) -> int:
    assert box.track is not None  # noqa: S101  (asked before)
    return box.track
