"""Class ids in exports: the same label has the same number in the export of every video.

Labels of COCO's 80 classes have the numbers that COCO itself gives them: 1 to 90 in COCO's own format (the numbering
with gaps, as in ``instances_val2017.json``), 0 to 79 in YOLO's (the numbering of trained detectors). MOT Challenge has
numbers of its own, of which 1 is a pedestrian. An export lists all classes of its numbering, found or not.

Other labels, such as ``face``, are numbered in alphabetical order after those classes; if no label is one of COCO's,
from the first number. These numbers depend on the labels that a video has. A list of classes, given with the export,
fixes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from voxel51.labels.formats.boxes import label_names
from voxel51.labels.video_base import VideoLabelsBase

# fmt: off
COCO_NAMES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)
"""The 80 classes of COCO, in the order of their numbers."""
# fmt: on

_NUMBERS = chain(
    range(1, 12), range(13, 26), (27, 28), range(31, 45), range(46, 66), (67, 70), range(72, 83), range(84, 91)
)
COCO_IDS: Mapping[str, int] = dict(zip(COCO_NAMES, _NUMBERS, strict=True))
"""COCO class -> its number in COCO's annotations, which skip eleven of 91 numbers."""

MOT_NAMES = (
    "person", "person on vehicle", "car", "bicycle", "motorcycle", "non-motorized vehicle", "static person",
    "distractor", "occluder", "occluder on the ground", "occluder full", "reflection", "crowd",
)  # fmt: skip
"""Classes of MOT Challenge from number 1, by the labels of this library: 1 is a pedestrian, here ``person``."""


def coco_ids(labels: VideoLabelsBase, classes: Sequence[str] | None = None) -> dict[str, int]:
    """Return label -> category id of a COCO file, for all classes of the numbering.

    Raises:
        ValueError: a label is not in ``classes``.
    """
    if classes is not None:
        return _numbered(labels, classes, first=1)
    names = label_names(labels)
    known = COCO_IDS if any(name in COCO_IDS for name in names) else {}
    return _with_others(known, names, first=1)


def yolo_names(labels: VideoLabelsBase, classes: Sequence[str] | None = None) -> list[str]:
    """Return the classes of a YOLO data set; the position is the number.

    Raises:
        ValueError: a label is not in ``classes``.
    """
    if classes is not None:
        return [*_numbered(labels, classes, first=0)]
    names = label_names(labels)
    known = COCO_NAMES if any(name in COCO_IDS for name in names) else ()
    return [*known, *(name for name in names if name not in known)]


def mot_names(labels: VideoLabelsBase, classes: Sequence[str] | None = None) -> list[str]:
    """Return the classes of a MOT sequence; the position, counted from 1, is the number.

    Raises:
        ValueError: a label is not in ``classes``.
    """
    if classes is not None:
        return [*_numbered(labels, classes, first=1)]
    others = [name for name in COCO_NAMES if name not in MOT_NAMES]
    names = label_names(labels)
    if not any(name in others for name in names):
        others = []
    return [*MOT_NAMES, *others, *(name for name in names if name not in {*MOT_NAMES, *others})]


def _numbered(labels: VideoLabelsBase, classes: Sequence[str], first: int) -> dict[str, int]:
    missing = [name for name in label_names(labels) if name not in classes]
    if missing:
        raise ValueError(f"labels that are not in the list of classes: {', '.join(missing)}. Add them to the list.")
    return {name: number for number, name in enumerate(dict.fromkeys(classes), start=first)}


def _with_others(known: Mapping[str, int], names: Iterable[str], first: int) -> dict[str, int]:
    start = max(known.values(), default=first - 1) + 1
    others = [name for name in names if name not in known]
    return {**known, **{name: number for number, name in enumerate(others, start=start)}}
