"""MOT Challenge: text files with one line per box (https://motchallenge.net/instructions/)."""

import configparser
from collections.abc import Sequence
from pathlib import Path

from voxel51.labels.formats.boxes import boxes_of, frame_count, frame_size
from voxel51.labels.formats.classes import mot_names
from voxel51.labels.video_base import VideoLabelsBase


def write(labels: VideoLabelsBase, folder: Path, classes: Sequence[str] | None = None) -> None:
    """Write ``gt/gt.txt``, ``gt/labels.txt`` (names of the classes, in order), ``det/det.txt`` and ``seqinfo.ini``.

    A line of ``gt.txt`` is frame, track, left, top, width, height, flag, class, visibility; pixels are counted from 1.
    The flag is 1: evaluators ignore rows with another one. Class 1 is a pedestrian; ``classes`` replaces the classes of
    MOT Challenge. Objects without a track get a track of their own. ``det.txt`` has the same boxes with their
    confidence.

    Raises:
        ValueError: the labels do not contain the frame size, or contain labels that are not in ``classes``.
    """
    width, height = frame_size(labels)
    names = mot_names(labels, classes)
    numbers = {name: number for number, name in enumerate(names, start=1)}
    boxes = list(boxes_of(labels))
    last_track = max((box.track for box in boxes if box.track is not None), default=0)
    lines, detections = [], []
    for box in boxes:
        track = box.track
        if track is None:
            last_track += 1
            track = last_track
        sides = ",".join(f"{side:.2f}" for side in (box.left + 1, box.top + 1, box.width, box.height))
        confidence = 1.0 if box.confidence is None else box.confidence
        lines.append(f"{box.frame_number},{track},{sides},1,{numbers[box.label]},1")
        detections.append(f"{box.frame_number},-1,{sides},{confidence:.4g},-1,-1,-1")
    for name, rows in (("gt/gt.txt", lines), ("gt/labels.txt", names), ("det/det.txt", detections)):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    rate = labels.metadata.frame_rate if labels.metadata else None
    sequence = configparser.ConfigParser(interpolation=None)
    sequence.optionxform = str  # type: ignore[assignment,method-assign]  # names in both cases, as readers want them
    sequence["Sequence"] = {
        "name": (labels.filename or "video").replace("\n", " "),
        "imDir": "img1",
        "frameRate": f"{rate or 25:g}",
        "seqLength": str(frame_count(labels)),
        "imWidth": str(width),
        "imHeight": str(height),
        "imExt": ".jpg",
    }
    with (folder / "seqinfo.ini").open("w", encoding="utf-8") as file:
        sequence.write(file, space_around_delimiters=False)
