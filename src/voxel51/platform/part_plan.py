"""Part plan: cut the selected frames of a video into parts of equal length, for a run without a platform."""

from collections.abc import Mapping
from pathlib import Path

from voxel51.labels.field_types import JsonValue
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.frame_index import frame_index
from voxel51.platform.errors import InvalidInput
from voxel51.platform.frame_part import FramePart
from voxel51.platform.selection import Selection


def planned_parts(
    video: Path, parameters: Mapping[str, JsonValue], count: int, overlap_seconds: float
) -> list[FramePart]:
    """Return ``count`` parts of the frames that ``parameters`` select. All of the video is decoded once.

    Raises:
        InvalidInput: the file is not a video, or the parameters contradict each other.
        ValueError: fewer frames than parts are selected.
    """
    selection = Selection.of(parameters)
    try:
        index = frame_index(video)
    except UnreadableVideo as error:
        raise InvalidInput(str(error)) from None
    times = enumerate(index["times"], start=1)
    selected = [n for n, time in times if selection.begins_by(n, time) and not selection.ends_before(n, time)]
    if not 0 < count <= len(selected):
        raise ValueError(f"{len(selected)} frames are selected; they cannot be cut into {count} parts")
    ends = [selected[len(selected) * number // count - 1] for number in range(1, count + 1)]
    starts = [selected[0], *(end + 1 for end in ends[:-1])]
    whole = None if index["warnings"] else index["frame_count"]
    return [
        FramePart(number, count, first, last, whole, overlap_seconds)
        for number, (first, last) in enumerate(zip(starts, ends, strict=True), start=1)
    ]
