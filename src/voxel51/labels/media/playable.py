"""Browser-playable copies of a video, or of a range of it."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from voxel51.labels.media import ProgressCallback
from voxel51.labels.media.frame import Frame
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.media.video_writer import video_writer

MAX_HEIGHT = 1080
"""Default maximum height of a playable video, in pixels."""


@dataclass(frozen=True, slots=True)
class VideoRange:
    """Range of a video: by frame numbers, from 1, or by seconds, both ends included. None: from its start or to its
    end.
    """

    first: int | None = None
    last: int | None = None
    start: float | None = None
    end: float | None = None

    def begins_by(self, frame: Frame) -> bool:
        """Return whether ``frame`` is in the range, or after it."""
        return frame.number >= (self.first or 1) and (self.start is None or frame.time >= self.start)

    def ends_before(self, frame: Frame) -> bool:
        """Return whether ``frame``, and so every later frame, is after the range."""
        by_number = self.last is not None and frame.number > self.last
        return by_number or (self.end is not None and frame.time > self.end)


WHOLE_VIDEO = VideoRange()


def playable_video(
    video: Path,
    output: Path,
    max_height: int = MAX_HEIGHT,
    video_range: VideoRange = WHOLE_VIDEO,
    progress: ProgressCallback | None = None,
) -> None:
    """Write ``video_range`` of ``video`` to ``output`` as H.264 and AAC in MP4 with the index in front.

    Browsers play it at once. Every decodable frame becomes one frame, in display orientation, with its presentation
    time; a range begins at 0. Frames taller than ``max_height`` pixels are shrunk; sides are even. One frame is in
    memory at a time. The file appears when it is complete.

    Raises:
        UnreadableVideo: ``video`` is not a video.
        ValueError: the range contains no frame.
    """
    with VideoReader(video) as reader, closing(iter(reader)) as frames:
        for frame in frames:
            if video_range.begins_by(frame):
                break
        else:
            raise ValueError(
                f"the video has only {reader.frames_decoded} frames and lasts {reader.metadata.duration or 0:.2f} s"
            )
        if video_range.ends_before(frame):
            raise ValueError(
                f"the range is empty: frame {frame.number}, at {frame.time:.3f} s, is the first after its start"
            )
        start = 0.0 if video_range == WHOLE_VIDEO else frame.time
        size = _even_size(reader.metadata.frame_size or frame.size, max_height)
        with video_writer(output, size, reader.metadata.frame_rate or 25, video, start) as written:
            written.add(frame.encodable(*size), frame.time - start)
            end = None
            for frame in frames:
                if video_range.ends_before(frame):
                    end = frame.time - start
                    break
                written.add(frame.encodable(*size), frame.time - start)
                if progress is not None:
                    progress(frame.number, reader.metadata.total_frame_count)
            written.finish(end)


def _even_size(size: tuple[int, int], max_height: int) -> tuple[int, int]:
    scale = min(1.0, max_height / size[1])
    width, height = (max(2, round(side * scale / 2) * 2) for side in size)
    return width, height
