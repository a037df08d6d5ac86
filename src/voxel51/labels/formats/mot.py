"""MOT Challenge: text files with one line per box (https://motchallenge.net/instructions/)."""

import configparser
from pathlib import Path

from voxel51.labels.formats.boxes import boxes_of, frame_count, frame_size, label_names
from voxel51.labels.video_base import VideoLabelsBase


def write(labels: VideoLabelsBase, folder: Path) -> None:
    """Write ``gt/gt.txt``, ``gt/labels.txt`` (names of the classes, in order) and ``seqinfo.ini``.

    A line is frame, track, left, top, width, height, confidence, class, visibility; pixels are counted from 1. Objects
    without a track get a track of their own.

    Raises:
        ValueError: the labels do not contain the frame size.
    """
    width, height = frame_size(labels)
    names = label_names(labels)
    boxes = list(boxes_of(labels))
    last_track = max((box.track for box in boxes if box.track is not None), default=0)
    lines = []
    for box in boxes:
        track = box.track
        if track is None:
            last_track += 1
            track = last_track
        sides = ",".join(f"{side:.2f}" for side in (box.left + 1, box.top + 1, box.width, box.height))
        confidence = 1.0 if box.confidence is None else box.confidence
        lines.append(f"{box.frame_number},{track},{sides},{confidence:.4g},{names.index(box.label) + 1},1")
    truth = folder / "gt"
    truth.mkdir()
    (truth / "gt.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (truth / "labels.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
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
