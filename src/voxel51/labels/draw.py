"""A video with its labels drawn into it, to look at in any browser or player. Needs the extra ``labels``."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from voxel51.labels.media.frames import VideoReader
from voxel51.labels.media.pictures import Frame, Pixels
from voxel51.labels.painting import Pen, colour_of, paint_chip, paint_objects, paint_shapes
from voxel51.labels.timeline import Timeline, event_text, events_at
from voxel51.labels.video import VideoLabels

TICKS_PER_SECOND = 90_000
"""Clock of the written video; every usual frame rate divides it well."""

SMALLEST_SIDE = 400
"""Pictures with a shorter side than this are enlarged, so that captions can be read."""

_ENCODING = {"preset": "veryfast", "crf": "20"}
_BT709, _LIMITED_RANGE = 1, 1

Progress = Callable[[int, int | None], None]
"""Told after every frame: how many are done, and of how many if that is known."""


def annotated_video(video: Path, labels: VideoLabels | Path, output: Path, progress: Progress | None = None) -> None:
    """Write ``video`` with ``labels`` drawn into it to ``output``: H.264 in MP4 that starts at once in browsers.

    Every frame keeps its presentation time, pictures are upright, small ones enlarged, sides even; a band below
    shows time, shots and events. There is no sound. One frame is in memory at a time; the file appears when it is
    whole.

    Raises:
        UnreadableVideo: ``video`` is no video.
        InvalidLabels: ``labels`` is a file that holds none.
    """
    known = labels if isinstance(labels, VideoLabels) else VideoLabels.from_file(labels)
    with VideoReader(video) as reader:
        canvas = _Canvas(reader, known)
        rate = Fraction(reader.metadata.frame_rate or 25).limit_denominator(1001)
        with _whole_video(output, canvas.size, rate) as (container, stream):
            last_tick = -1
            for frame in reader:
                picture = av.VideoFrame.from_ndarray(canvas.draw(frame), format="bgr24")
                picture = picture.reformat(format="yuv420p", dst_colorspace="ITU709")
                last_tick = max(last_tick + 1, round(frame.time * TICKS_PER_SECOND))
                picture.pts, picture.time_base = last_tick, Fraction(1, TICKS_PER_SECOND)
                container.mux(stream.encode(picture))
                if progress is not None:
                    progress(frame.number, canvas.total)
            container.mux(stream.encode())


class _Canvas:
    """Turns decoded frames into drawn ones, all of the same size."""

    def __init__(self, reader: VideoReader, labels: VideoLabels) -> None:
        width, height = reader.metadata.frame_size or (2, 2)
        scale = max(1, -(-SMALLEST_SIDE // min(width, height)))
        self._labels = labels
        self._picture_size = width * scale, height * scale
        counted = labels.metadata.total_frame_count if labels.metadata else None
        self.total = counted or reader.metadata.total_frame_count
        even_width = (width * scale + 1) // 2 * 2
        even_height = (height * scale + 1) // 2 * 2
        self._pen = Pen.for_size(even_width, even_height)
        self._timeline = Timeline(labels, self._pen, even_width, self.total)
        self._pixels: Pixels = np.zeros((even_height + self._timeline.height, even_width, 3), np.uint8)
        self.size = even_width, even_height + self._timeline.height

    def draw(self, frame: Frame) -> Pixels:
        """The frame with all that is said about it. The same memory is given again for the next frame."""
        width, height = self._picture_size
        picture = self._pixels[:height, :width]
        picture[:] = cv2.resize(frame.image(), (width, height), interpolation=cv2.INTER_CUBIC)
        objects = list(self._labels.objects_in(frame.number))
        self._draw_shapes(picture, frame.number)
        paint_objects(picture, objects, self._pen)
        top = margin = round(self._pen.letter * 0.6)
        for event in events_at(self._labels, frame.number):
            top = paint_chip(picture, event_text(event), margin, top, colour_of(None, event.label), self._pen) + 2
        band = self._pixels[self._pixels.shape[0] - self._timeline.height :]
        self._timeline.paint(band, frame.number, frame.time, len(objects))
        return self._pixels

    def _draw_shapes(self, picture: Pixels, number: int) -> None:
        said = self._labels.frames.get(number)
        if said is None:
            return
        for line in said.polylines:
            paint_shapes(picture, line.points, colour_of(line.index, line.label), self._pen, closed=bool(line.closed))
        for group in said.keypoints:
            dots = [[point, point] for point in group.points]
            paint_shapes(picture, dots, colour_of(group.index, group.label), self._pen, closed=False)


@contextmanager
def _whole_video(
    output: Path, size: tuple[int, int], rate: Fraction
) -> Iterator[tuple[av.container.OutputContainer, VideoStream]]:
    """A video file to encode into, that becomes ``output`` when the block ends and vanishes when it fails."""
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".drawing-") as folder:
        piece = Path(folder) / "video.mp4"
        with av.open(str(piece), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", rate=rate, options=_ENCODING)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.codec_context.time_base = Fraction(1, TICKS_PER_SECOND)
            stream.codec_context.colorspace = _BT709
            stream.codec_context.color_primaries = _BT709
            stream.codec_context.color_trc = _BT709
            stream.codec_context.color_range = _LIMITED_RANGE
            yield container, stream
        piece.replace(output)
