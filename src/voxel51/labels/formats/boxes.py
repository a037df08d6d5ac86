"""The boxes of a video's labels, in pixels, as most other formats want them."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from voxel51.labels.objects import UNNAMED_LABEL, DetectedObject
from voxel51.labels.video_base import VideoLabelsBase

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Box:
    """One thing in one frame.

    Attributes:
        frame_number: from 1.
        track: number of the thing over time; None where it is not followed.
        left, top, width, height: in pixels, from the top left corner of the picture, not rounded.
    """

    frame_number: int
    track: int | None
    label: str
    confidence: float | None
    left: float
    top: float
    width: float
    height: float
    thing: DetectedObject

    @property
    def right(self) -> float:
        """Where it ends to the right."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Where it ends below."""
        return self.top + self.height


def frame_size(labels: VideoLabelsBase) -> tuple[int, int]:
    """Width and height of the video's pictures.

    Raises:
        ValueError: the labels do not say it.
    """
    size = labels.metadata.frame_size if labels.metadata else None
    if size is None:
        raise ValueError("the labels do not say how large the frames are (metadata.frame_size), which pixels need")
    return size


def frame_count(labels: VideoLabelsBase) -> int:
    """How many frames the video has: what its metadata say, or as many as are labelled, whichever is more."""
    told = (labels.metadata.total_frame_count if labels.metadata else None) or 0
    tracks = (number for track in labels.objects for number in track.frames)
    return max([told, *labels.frames, *tracks])


def boxes_of(labels: VideoLabelsBase) -> Iterator[Box]:
    """Every box, frame by frame; what has none is left out.

    Raises:
        ValueError: the labels do not say how large the frames are.
    """
    width, height = frame_size(labels)
    for number in labels.frames_with_objects():
        for each in labels.objects_in(number):
            box = each.bounding_box
            if box is not None:
                left, top = box.left * width, box.top * height
                across, down = (box.right - box.left) * width, (box.bottom - box.top) * height
                label = each.label or UNNAMED_LABEL
                yield Box(number, each.index, label, each.confidence, left, top, across, down, each)


def label_names(labels: VideoLabelsBase) -> list[str]:
    """What things are called, sorted, each once."""
    objects = (each for number in labels.frames_with_objects() for each in labels.objects_in(number))
    return sorted({each.label or UNNAMED_LABEL for each in objects})


def picture_name(labels: VideoLabelsBase, number: int) -> str:
    """What the picture of a frame is called, without a suffix: sorted by name, they are in order."""
    return f"frame-{number:0{_digits(labels)}d}"


def _digits(labels: VideoLabelsBase) -> int:
    return max(6, math.floor(math.log10(max(frame_count(labels), 1))) + 1)


def xml_text(text: str) -> str:
    """Return ``text`` with a question mark for each character that XML 1.0 does not allow."""
    return _NOT_IN_XML.sub("?", text)
