"""Face redaction job: detect faces, redact them in nearby frames too, and write the video again."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import av
import cv2
import numpy as np

from voxel51.analytics.face_detection.centerface import WEIGHTS, CenterFace
from voxel51.analytics.face_redaction.redaction_styles import redact
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import FULL_FRAME, Frame, Pixels
from voxel51.labels.media.video_writer import video_writer
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.measures import Measures, read_measures, take_weights
from voxel51.platform.tracking.detections import Floats
from voxel51.platform.video import Video, input_video

MOST_HELD_BYTES = 512 * 1024**2
"""Maximum size of the decoded frames that wait for the detections of later frames; 85 frames at 1080p."""

EDGE_SHARE = 0.5
"""Share of the requested confidence that suffices for a face cut by the side of the frame, which is often a profile."""

EDGE_WIDTH = 0.03
"""A box that is nearer to the side of the frame, as a share of the width, is cut by it."""

SMALL_LOOK_SHARE, SMALLEST_LOOK = 0.25, 96
"""Size of the second look at a frame, as a share of the first and in pixels. In small images the detector finds large
and blurred faces of which it sees only parts at full size.
"""


def process(job: Job) -> None:
    """Write the input ``video`` with redacted faces to the output ``video``; in a part, find the faces only."""
    given = job.parameters
    with input_video(job) as video:
        job.record_weights(WEIGHTS.filename, WEIGHTS.sha256)
        faces = _Faces(video, float(given["confidence"]), int(given["picture_size"]), float(given["margin"]))
        if job.part is None:
            _redact(job, video, faces.boxes)
            return
        with Measures.open(job, video, "video") as measures:
            found = ((frame.number, faces.boxes(frame)) for frame in video.every_frame())
            count = sum(len(boxes) for _, boxes in measures.kept(found, np.ndarray.tolist))
    job.message(f"{count} faces in {video.count} frames")


def merge(job: Job, parts: Sequence[PartOutput]) -> None:
    """Write the output ``video``; its faces were found by the parts."""
    with input_video(job) as video:
        found = read_measures(parts, partial(take_weights, job))
        _redact(job, video, lambda frame: _next_boxes(found, frame))
        for number, _ in found:  # no measure is left; after the last one are the facts of its part
            raise ValueError(f"the parts found faces in frame {number}, which the video does not have")


def _next_boxes(found: Iterator[tuple[int, list[list[float]]]], frame: Frame) -> Floats:
    number, boxes = next(found, (0, []))
    if number != frame.number:
        raise ValueError(f"the parts found faces in frame {number}, where the video has frame {frame.number}")
    return np.array(boxes, np.float32).reshape(-1, 4)


def _redact(job: Job, video: Video, boxes: Callable[[Frame], Floats]) -> None:
    """Write the video with the faces redacted whose ``boxes`` [N, 4] are in pixels of the whole frame."""
    given = job.parameters
    width, height = video.metadata.frame_size or (2, 2)
    size = width // 2 * 2 or 2, height // 2 * 2 or 2
    hold = min(int(given["hold_frames"]), max(1, MOST_HELD_BYTES // (width * height * 3) // 2))
    sound = job.inputs["video"] if given["keep_sound"] else None
    counts = _Counts()
    frames = _redacted_frames(video, boxes, counts, hold, str(given["style"]))
    first = next(frames)
    start = first.frame.time if _is_part(video) else 0.0
    rate = video.metadata.frame_rate or 25.0
    with video_writer(job.output("video"), size, rate, sound, start) as written:
        written.add(_encodable(first.image, size), first.frame.time - start)
        for each in frames:
            written.add(_encodable(each.image, size), each.frame.time - start)
        written.finish(None if not _is_part(video) else video.last_time + 1 / rate - start)
    job.message(f"{counts.faces} faces redacted, in {counts.frames} of {video.count} frames")


@dataclass(slots=True)
class _Counts:
    """Number of faces, and of frames with faces."""

    faces: int = 0
    frames: int = 0

    def add(self, boxes: Floats) -> None:
        self.faces += len(boxes)
        self.frames += len(boxes) > 0


@dataclass(slots=True)
class _BufferedFrame:
    """Frame with the faces detected in it: boxes [N, 4] in pixels of the whole frame."""

    frame: Frame
    image: Pixels
    boxes: Floats


class _Faces:
    """Face detector that enlarges boxes by ``margin`` of their sides in each direction."""

    def __init__(self, video: Video, confidence: float, longest_side: int, margin: float) -> None:
        self._detector = CenterFace()
        self._video = video
        small_side = max(SMALLEST_LOOK, round(longest_side * SMALL_LOOK_SHARE))
        self._looks = [self._detector.fitting(video.frame_size, side) for side in (longest_side, small_side)]
        self._confidence = confidence
        self._margin = margin

    def boxes(self, frame: Frame) -> Floats:
        """Return the boxes of the faces in pixels of the whole frame."""
        found = [box for size in self._looks for box in self._found(frame, size)]
        boxes = [self._placed(box) for box in found]
        return np.array(boxes, np.float32).reshape(-1, 4)

    def _found(self, frame: Frame, size: tuple[int, int]) -> Floats:
        """Return the boxes of the faces [N, 4], as fractions of the frame, by one detection at ``size``."""
        found = self._detector.detect(frame.small(*size), self._confidence * EDGE_SHARE)
        boxes = found.boxes / np.array([*size, *size], np.float32)
        is_cut = (boxes[:, 0] < EDGE_WIDTH) | (boxes[:, 2] > 1 - EDGE_WIDTH)
        return np.asarray(boxes[is_cut | (found.scores >= self._confidence)], np.float32)

    def _placed(self, box: Floats) -> list[float]:
        left, top, right, bottom = (float(side) for side in box)
        share = BoundingBox.clipped(left, top, right, bottom)
        if share is None:
            return [0.0, 0.0, 0.0, 0.0]
        whole = self._video.selection.to_whole_frame(share)
        wide, high = self._video.metadata.frame_size or (1, 1)
        across, down = ((whole.right - whole.left) * self._margin, (whole.bottom - whole.top) * self._margin)
        return [(whole.left - across) * wide, (whole.top - down) * high,
                (whole.right + across) * wide, (whole.bottom + down) * high]  # fmt: skip


def _redacted_frames(
    video: Video, boxes: Callable[[Frame], Floats], counts: _Counts, hold: int, style: str
) -> Iterator[_BufferedFrame]:
    """Yield the frames; the faces of each frame are redacted in it and in the ``hold`` frames before and after.

    This keeps a face redacted that the detector misses for some frames, or that turns away.
    """
    near: deque[_BufferedFrame] = deque()
    waiting = 0  # number of frames at the end of ``near`` that were not yielded yet
    for frame in video.every_frame():
        whole = frame.part(FULL_FRAME)
        near.append(_BufferedFrame(whole, whole.image(), boxes(frame)))
        counts.add(near[-1].boxes)
        waiting += 1
        if waiting > hold:
            yield _redacted(near, waiting, style)
            waiting -= 1
        if len(near) > 2 * hold:
            near.popleft()
    while waiting:
        yield _redacted(near, waiting, style)
        waiting -= 1
        if len(near) > hold + waiting:
            near.popleft()


def _redacted(near: deque[_BufferedFrame], waiting: int, style: str) -> _BufferedFrame:
    held = near[-waiting]
    image = np.array(held.image)
    for other in near:
        for left, top, right, bottom in other.boxes:
            redact(image, (float(left), float(top), float(right), float(bottom)), style)
    return _BufferedFrame(held.frame, image, held.boxes)


def _is_part(video: Video) -> bool:
    chosen = video.selection
    return (
        chosen.first_frame > 1
        or chosen.start_seconds > 0
        or chosen.last_frame is not None
        or (chosen.end_seconds is not None)
    )


def _encodable(image: Pixels, size: tuple[int, int]) -> av.VideoFrame:
    if (image.shape[1], image.shape[0]) != size:
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    picture = av.VideoFrame.from_ndarray(image, format="bgr24")
    return picture.reformat(format="yuv420p", dst_colorspace="ITU709")
