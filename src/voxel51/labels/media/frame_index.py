"""Frame index: the presentation time of each frame of a video."""

import itertools
from pathlib import Path

from voxel51.labels.field_types import JsonValue
from voxel51.labels.media import ProgressCallback
from voxel51.labels.media.video_reader import VideoReader


def frame_index(video: Path, progress: ProgressCallback | None = None) -> dict[str, JsonValue]:
    """Return the data that a player needs to show any frame of ``video`` exactly.

    Keys: ``frame_count``; ``width`` and ``height`` as displayed; ``duration`` in seconds; ``frame_rate`` (see
    `VideoMetadata`); ``is_constant``, whether all frames last equally long, to the millisecond; ``times``, presentation
    times of frame 1, 2, … in seconds from the start; ``keyframes``, the numbers of the frames from which decoding can
    begin; ``warnings``.

    Raises:
        UnreadableVideo: ``video`` is not a video.
    """
    times: list[float] = []
    keyframes: list[int] = []
    with VideoReader(video) as reader:
        for frame in reader:
            times.append(round(frame.time, 6))
            if frame.is_keyframe:
                keyframes.append(frame.number)
            if progress is not None:
                progress(frame.number, reader.metadata.total_frame_count)
        known = reader.metadata
        width, height = known.frame_size or (0, 0)
        gaps = [after - before for before, after in itertools.pairwise(times)]
        return {
            "frame_count": len(times),
            "width": width,
            "height": height,
            "duration": known.duration,
            "frame_rate": known.frame_rate,
            "is_constant": not gaps or max(gaps) - min(gaps) < 0.002,
            "times": times,
            "keyframes": keyframes,
            "warnings": reader.warnings(),
        }
