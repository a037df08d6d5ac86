"""A video, or a part of it, as every browser plays it."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from voxel51.labels.media import ProgressCallback
from voxel51.labels.media.frame import Frame
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.media.video_writer import video_writer

TALLEST = 1080
"""Pixels that a playable video has at most from top to bottom, unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class VideoRange:
    """A part of a video: by numbers of frames, from 1, or by seconds; both ends are in it. None: from or to its end."""

    first: int | None = None
    last: int | None = None
    start: float | None = None
    end: float | None = None

    def begins_by(self, frame: Frame) -> bool:
        """Whether ``frame`` is in the part, or after it."""
        return frame.number >= (self.first or 1) and (self.start is None or frame.time >= self.start)

    def ends_before(self, frame: Frame) -> bool:
        """Whether ``frame``, and so all that follow, is after the part."""
        by_number = self.last is not None and frame.number > self.last
        return by_number or (self.end is not None and frame.time > self.end)


ALL = VideoRange()


def playable_video(
    video: Path, output: Path, tallest: int = TALLEST, part: VideoRange = ALL, progress: ProgressCallback | None = None
) -> None:
    """Write ``part`` of ``video`` to ``output`` as H.264 and AAC in MP4 that starts at once in browsers.

    Every frame that decodes becomes one frame, upright, with its presentation time; a part begins at 0. Larger
    pictures are shrunk to ``tallest`` pixels; sides are even. One frame is in memory at a time; the file appears
    when it is whole.

    Raises:
        UnreadableVideo: ``video`` is no video.
        ValueError: no frame of it is in the part.
    """
    with VideoReader(video) as reader, closing(iter(reader)) as frames:
        for frame in frames:
            if part.begins_by(frame):
                break
        else:
            raise ValueError(
                f"it has only {reader.frames_decoded} frames and lasts {reader.metadata.duration or 0:.2f} s"
            )
        if part.ends_before(frame):
            raise ValueError(f"frame {frame.number}, shown at {frame.time:.3f} s, is the first that is not before it")
        start = 0.0 if part == ALL else frame.time
        size = _even_size(reader.metadata.frame_size or frame.size, tallest)
        with video_writer(output, size, reader.metadata.frame_rate or 25, video, start) as written:
            written.add(frame.encodable(*size), frame.time - start)
            end = None
            for frame in frames:
                if part.ends_before(frame):
                    end = frame.time - start
                    break
                written.add(frame.encodable(*size), frame.time - start)
                if progress is not None:
                    progress(frame.number, reader.metadata.total_frame_count)
            written.finish(end)


def _even_size(size: tuple[int, int], tallest: int) -> tuple[int, int]:
    scale = min(1.0, tallest / size[1])
    width, height = (max(2, round(side * scale / 2) * 2) for side in size)
    return width, height
