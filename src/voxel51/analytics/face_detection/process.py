"""Face detection job: detect faces in sampled frames, track them, and label every frame."""

from collections.abc import Sequence

from voxel51.analytics.face_detection.centerface import WEIGHTS, CenterFace
from voxel51.analytics.tracking.video_tracker import VideoTracker
from voxel51.labels.media.frame import Pixels
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels
from voxel51.platform.tracking.detections import Detections
from voxel51.platform.video import input_video

UNSURE_SHARE = 0.6
"""Boxes with at least this share of the requested confidence continue a track that a surer box started."""


def process(job: Job) -> None:
    """Track the faces in the input ``video`` and write them to the output ``labels``."""
    given = job.parameters
    confidence = float(given["confidence"])
    with (
        input_video(job) as video,
        job_labels(job, video.filename) as labels,
    ):
        detector = FrameFaceDetector(video.frame_size, int(given["picture_size"]), confidence * UNSURE_SHARE)
        tracker = VideoTracker(video, job.checkpoint, detector, confidence, int(given["frame_stride"]))
        for frame in tracker.frames():
            labels.add_frame(frame)
        job.record_weights(WEIGHTS.filename, WEIGHTS.sha256)
        video.write_metadata(labels)
    job.message(f"{len(tracker.numbers)} faces in {video.count} frames")


class FrameFaceDetector:
    """Face detector for frames of one size.

    Attributes:
        names, picture_size, remembers: see `voxel51.analytics.tracking.video_tracker.FrameDetector`.
    """

    names: Sequence[str] = ("face",)
    remembers = False

    def __init__(self, frame_size: tuple[int, int], longest_side: int, least_score: float) -> None:
        self._detector = CenterFace()
        self._least_score = least_score
        self.picture_size = self._detector.fitting(frame_size, longest_side)

    def find(self, picture: Pixels) -> Detections:
        """Return the faces in a frame of ``picture_size``."""
        return self._detector.detect(picture, self._least_score)

    def start_shot(self) -> None:
        """Do nothing: frames are processed independently."""
