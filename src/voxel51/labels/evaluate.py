"""How good labels are, measured against others that are true.

- average precision: https://cocodataset.org/#detection-eval, at one overlap, 101 points of recall
- MOTA: K. Bernardin and R. Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics", 2008
- IDF1: E. Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking", ECCV 2016
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxel51.labels.overlap import SAME_OVERLAP, FrameBox, best_pairs, boxes_on, by_frame, iou_matrix
from voxel51.labels.video import VideoLabels

_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True)
class DetectionScores:
    """How well things of one label are found.

    Attributes:
        average_precision: in [0, 1]; None where nothing is true.
        precision, recall: of all boxes, whatever their confidence; None where there is none.
        true_count, found_count: boxes.
    """

    average_precision: float | None
    precision: float | None
    recall: float | None
    true_count: int
    found_count: int


@dataclass(frozen=True, slots=True)
class TrackingScores:
    """How well things are followed.

    Attributes:
        mota: 1 - (missed + false + switches) / true boxes; below 0 where there are more mistakes than things.
        idf1: share of boxes with the number that fits the whole video best, in [0, 1].
        missed_count, false_count, switch_count: true boxes without a found one, found boxes without a true one, and
            how often a thing changed its number.
    """

    mota: float
    idf1: float
    missed_count: int
    false_count: int
    switch_count: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """By label, and of all together. ``tracking`` is None where not every box has a track, on either side."""

    detection: Mapping[str, DetectionScores]
    tracking: TrackingScores | None

    @property
    def mean_average_precision(self) -> float | None:
        """Mean over the labels of which something is true; None where nothing is."""
        known = [each.average_precision for each in self.detection.values() if each.average_precision is not None]
        return sum(known) / len(known) if known else None


def evaluate(
    found: VideoLabels, truth: VideoLabels, frames: Iterable[int] | None = None, overlap: float = SAME_OVERLAP
) -> Evaluation:
    """Compare ``found`` with ``truth`` on ``frames``: by default those about which ``truth`` says something.

    Raises:
        ValueError: the overlap is not above 0 and at most 1.
        ModuleNotFoundError: tracks are to be compared, and scipy is not installed.
    """
    if not 0 < overlap <= 1:
        raise ValueError(f"overlap is {overlap}; it must be above 0 and at most 1")
    chosen = set(truth.frames) | set(truth.frames_with_objects()) if frames is None else set(frames)
    known, seen = boxes_on(truth, chosen), boxes_on(found, chosen)
    names = sorted({box.label for box in [*known, *seen]})
    detection = {
        name: _detection([b for b in seen if b.label == name], [b for b in known if b.label == name], overlap)
        for name in names
    }
    is_tracked = bool(known) and all(box.track is not None for box in [*known, *seen])
    return Evaluation(detection, _tracking(seen, known, overlap) if is_tracked else None)


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
    )


def _hits(found: list[FrameBox], known: list[FrameBox], overlap: float) -> list[tuple[float, bool]]:
    """The confidence of each found box of a frame, and whether it is a true one that no surer box has taken."""
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
    envelope = np.maximum.accumulate(precision[::-1])[::-1]  # what is reached at this recall or a higher one
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
    """True track -> found track. Who had a number keeps it while that fits; the rest is shared out for most overlap."""
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
