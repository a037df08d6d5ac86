"""Annotated videos: draw labels into the frames of a video. Needs the extra ``labels``."""

from pathlib import Path

from voxel51.labels.drawing_primitives import DrawingStyle, colour_of, draw_objects, draw_shapes, draw_text_box
from voxel51.labels.extras import extra
from voxel51.labels.media import ProgressCallback
from voxel51.labels.media.frame import Frame, Pixels
from voxel51.labels.media.still_images import frame_at
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.media.video_writer import video_writer
from voxel51.labels.timeline import Timeline, event_text, events_at
from voxel51.labels.video import VideoLabels

with extra("labels"):
    import av
    import cv2
    import numpy as np

SMALLEST_SIDE = 400
"""Frames with a shorter side than this, in pixels, are enlarged so that captions are legible."""


def annotated_video(
    video: Path, labels: VideoLabels | Path, output: Path, progress: ProgressCallback | None = None
) -> None:
    """Write ``video`` with ``labels`` drawn into it to ``output``, as H.264 in MP4 with the index in front.

    Every frame keeps its presentation time and is shown in display orientation. Small frames are enlarged and sides are
    made even. A band below shows time, shots and events. Audio is copied. Only one frame is in memory at a time. The
    file appears when it is complete.

    Raises:
        UnreadableVideo: ``video`` is not a video.
        InvalidLabels: ``labels`` is a file without valid labels.
    """
    known = labels if isinstance(labels, VideoLabels) else VideoLabels.from_file(labels)
    with VideoReader(video) as reader:
        canvas = _Canvas(reader, known)
        with video_writer(output, canvas.size, reader.metadata.frame_rate or 25, sound_of=video) as drawn:
            for frame in reader:
                picture = av.VideoFrame.from_ndarray(canvas.draw(frame), format="bgr24")
                drawn.add(picture.reformat(format="yuv420p", dst_colorspace="ITU709"), frame.time)
                if progress is not None:
                    progress(frame.number, canvas.total)
            drawn.finish()


def annotated_frame(
    video: Path, labels: VideoLabels | Path, number: int | None = None, seconds: float | None = None
) -> Pixels:
    """Return one frame of ``video`` with ``labels`` drawn into it, as `annotated_video` shows it: BGR, uint8 [H, W, 3].

    Raises:
        UnreadableVideo: ``video`` is not a video.
        InvalidLabels: ``labels`` is a file without valid labels.
        ValueError: the video has no such frame; the text says how many frames it has.
    """
    known = labels if isinstance(labels, VideoLabels) else VideoLabels.from_file(labels)
    frame = frame_at(video, number, seconds)
    with VideoReader(video) as reader:
        return _Canvas(reader, known).draw(frame)


class _Canvas:
    """Drawing surface for the frames of one video, all of the same size."""

    def __init__(self, reader: VideoReader, labels: VideoLabels) -> None:
        width, height = reader.metadata.frame_size or (2, 2)
        scale = max(1, -(-SMALLEST_SIDE // min(width, height)))
        self._labels = labels
        self._picture_size = width * scale, height * scale
        counted = labels.metadata.total_frame_count if labels.metadata else None
        self.total = counted or reader.metadata.total_frame_count
        even_width = (width * scale + 1) // 2 * 2
        even_height = (height * scale + 1) // 2 * 2
        self._style = DrawingStyle.for_size(even_width, even_height)
        self._timeline = Timeline(labels, self._style, even_width, self.total)
        self._pixels: Pixels = np.zeros((even_height + self._timeline.height, even_width, 3), np.uint8)
        self.size = even_width, even_height + self._timeline.height

    def draw(self, frame: Frame) -> Pixels:
        """Return the frame with its labels. The array is reused for the next frame."""
        width, height = self._picture_size
        picture = self._pixels[:height, :width]
        picture[:] = cv2.resize(frame.image(), (width, height), interpolation=cv2.INTER_CUBIC)
        objects = list(self._labels.objects_in(frame.number))
        self._draw_shapes(picture, frame.number)
        draw_objects(picture, objects, self._style)
        top = margin = round(self._style.letter * 0.6)
        for event in events_at(self._labels, frame.number):
            top = draw_text_box(picture, event_text(event), margin, top, colour_of(None, event.label), self._style) + 2
        band = self._pixels[self._pixels.shape[0] - self._timeline.height :]
        self._timeline.draw(band, frame.number, frame.time, len(objects))
        return self._pixels

    def _draw_shapes(self, picture: Pixels, number: int) -> None:
        labelled = self._labels.frames.get(number)
        if labelled is None:
            return
        for line in labelled.polylines:
            draw_shapes(picture, line.points, colour_of(line.index, line.label), self._style, closed=bool(line.closed))
        for group in labelled.keypoints:
            dots = [[point, point] for point in group.points]
            draw_shapes(picture, dots, colour_of(group.index, group.label), self._style, closed=False)
