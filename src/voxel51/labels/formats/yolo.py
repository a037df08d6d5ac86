"""YOLO: one text file per image, one line per box (https://docs.ultralytics.com/datasets/detect/)."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from voxel51.labels.formats.boxes import image_name
from voxel51.labels.formats.classes import yolo_names
from voxel51.labels.objects import UNNAMED_LABEL
from voxel51.labels.video_base import VideoLabelsBase


def write(labels: VideoLabelsBase, folder: Path, classes: Sequence[str] | None = None) -> None:
    """Write ``data.yaml`` and ``labels/train/frame-….txt`` for every frame with boxes; images belong into
    ``images/train``.

    A line is class, centre, width and height in relative coordinates. The format has no tracks and no confidence. The
    numbers of classes are those of COCO from 0, or count from 0 in the order of ``classes``.

    Raises:
        ValueError: a label is not in ``classes``.
    """
    names = yolo_names(labels, classes)
    lines = lines_of(labels, names)
    texts = folder / "labels" / "train"
    texts.mkdir(parents=True)
    for number, of_frame in lines.items():
        (texts / f"{image_name(labels, number)}.txt").write_text("\n".join(of_frame) + "\n", encoding="utf-8")
    (folder / "data.yaml").write_text(data_yaml(names, {"train": "images/train", "val": "images/train"}), "utf-8")


def lines_of(labels: VideoLabelsBase, names: Sequence[str]) -> dict[int, list[str]]:
    """Return the lines of each frame with boxes, by its number. The position of a label in ``names`` is its number."""
    numbers_of = {name: number for number, name in enumerate(names)}
    lines: dict[int, list[str]] = defaultdict(list)
    for number in labels.frames_with_objects():
        for each in labels.objects_in(number):
            box = each.bounding_box
            if box is not None:
                centre = (box.left + box.right) / 2, (box.top + box.bottom) / 2
                sides = (*centre, box.right - box.left, box.bottom - box.top)
                numbers = " ".join(f"{side:.6f}" for side in sides)
                lines[number].append(f"{numbers_of[each.label or UNNAMED_LABEL]} {numbers}")
    return lines


def data_yaml(names: Sequence[str], folders: Mapping[str, str]) -> str:
    """Return the text of ``data.yaml``. ``folders`` are those of the images, by part: ``train``, ``val``, ``test``."""
    parts = "".join(f"{part}: {folder}\n" for part, folder in folders.items())
    named = "".join(f"  {number}: {json.dumps(name, ensure_ascii=False)}\n" for number, name in enumerate(names))
    return f"path: .\n{parts}names:{' {}' if not names else ''}\n{named}"
