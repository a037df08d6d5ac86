"""Validation of label documents: list every problem, each with its location.

Readers of the format are lenient: they accept boxes outside the frame, a confidence given as text, frames counted from
0, or a key that contradicts its entry, and fail later. Validation reports all of these.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from voxel51.labels.errors import InvalidLabels, Problem
from voxel51.labels.files import read_document
from voxel51.labels.image import ImageLabels
from voxel51.labels.video import VideoLabels


def video_labels_problems(document: object) -> list[Problem]:
    """Return every problem of ``document`` (a result of `json.load`) as labels of a video."""
    found = list(VideoLabels.problems(document))
    if not any(problem.fatal for problem in found):
        found += _beyond_the_end(VideoLabels.from_json(document))
    return found


def image_labels_problems(document: object) -> list[Problem]:
    """Return every problem of ``document`` (a result of `json.load`) as labels of an image."""
    return list(ImageLabels.problems(document))


def video_labels_file_problems(path: Path) -> list[Problem]:
    """Return every problem of the file at ``path`` as labels of a video; a file that is not JSON is one problem."""
    return _file_problems(path, video_labels_problems)


def image_labels_file_problems(path: Path) -> list[Problem]:
    """Return every problem of the file at ``path`` as labels of an image; a file that is not JSON is one problem."""
    return _file_problems(path, image_labels_problems)


def _file_problems(path: Path, problems_of: Callable[[object], list[Problem]]) -> list[Problem]:
    try:
        return problems_of(read_document(path))
    except InvalidLabels as error:
        return list(error.problems)


def _beyond_the_end(labels: VideoLabels) -> Iterator[Problem]:
    """Yield frames and supports after the last frame by the metadata."""
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
