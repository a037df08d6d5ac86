"""One job of face detection: frames are sampled, faces are found in them and followed, every frame is labelled."""

from collections.abc import Sequence

from voxel51.analytics.detectors.detections import Detections
from voxel51.analytics.face_detection.centerface import WEIGHTS, CenterFace
from voxel51.analytics.tracking.video_tracker import VideoTracker
from voxel51.labels.media.frame import Frame
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.frames import input_video
from voxel51.platform.job import Job

UNSURE_SHARE = 0.6
"""Boxes of at least this share of the wanted confidence continue a track that a surer box began."""


def process(job: Job) -> None:
    """Follow the faces in the input ``video`` and leave them at the output ``labels``."""
    given = job.parameters
    confidence = float(given["confidence"])
    with (
        input_video(job) as video,
        VideoLabelsWriter.open(job.output("labels"), video.filename) as labels,
    ):
        finder = Faces(video.frame_size, int(given["picture_size"]), confidence * UNSURE_SHARE)
        follower = VideoTracker(video, finder, confidence, int(given["frame_stride"]))
        for frame in follower.frames():
            labels.add_frame(frame)
        job.record_weights(WEIGHTS.filename, WEIGHTS.sha256)
        video.write_metadata(labels)
    job.message(f"{len(follower.numbers)} faces in {video.count} frames")


class Faces:
    """The detector, for frames of one size.

    Attributes:
        names, picture_size: see `FrameDetector`.
    """

    names: Sequence[str] = ("face",)

    def __init__(self, frame_size: tuple[int, int], longest_side: int, least_score: float) -> None:
        self._detector = CenterFace()
        self._least_score = least_score
        self.picture_size = self._detector.fitting(frame_size, longest_side)

    def find(self, frame: Frame) -> Detections:
        """The faces in ``frame``."""
        return self._detector.detect(frame.small(*self.picture_size), self._least_score)

    def start_shot(self) -> None:
        """Frames are looked at one by one, so there is nothing to forget."""
