"""Whether a document says what it means to say: everything wrong with it, each with its place.

Readers of the format are lenient: boxes outside the frame, a confidence given as text, frames counted from 0 or a
key that contradicts its entry are taken as they come, and go wrong later. Here all of that is found.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from voxel51.labels.errors import InvalidLabels, Problem
from voxel51.labels.files import read_document
from voxel51.labels.image import ImageLabels
from voxel51.labels.video import VideoLabels


def video_labels_problems(document: Any) -> list[Problem]:
    """Everything wrong with ``document``, as `json.load` gives it, as labels of a video."""
    found = list(VideoLabels.problems(document))
    if not any(problem.fatal for problem in found):
        found += _beyond_the_end(VideoLabels.read(document))
    return found


def image_labels_problems(document: Any) -> list[Problem]:
    """Everything wrong with ``document``, as `json.load` gives it, as labels of an image."""
    return list(ImageLabels.problems(document))


def video_labels_file_problems(path: Path) -> list[Problem]:
    """Everything wrong with the file at ``path`` as labels of a video; what is no JSON is one problem."""
    try:
        return video_labels_problems(read_document(path))
    except InvalidLabels as error:
        return list(error.problems)


def _beyond_the_end(labels: VideoLabels) -> Iterator[Problem]:
    """Frames and supports after the last frame that the metadata knows of."""
    count = labels.metadata.total_frame_count if labels.metadata else None
    if not isinstance(count, int):
        return
    for number in labels.frames:
        if number > count:
            yield Problem(f"frames.{number}", f"the video has {count} frames by its metadata")
    supports = [(f"objects.objects[{position}]", each.support) for position, each in enumerate(labels.objects)]
    supports += [(f"events.events[{position}]", each.support) for position, each in enumerate(labels.events)]
    for place, support in supports:
        if support is not None and support.ranges and support.ranges[-1][1] > count:
            text = f"reaches frame {support.ranges[-1][1]}; the video has {count} frames by its metadata"
            yield Problem(f"{place}.support", text)
