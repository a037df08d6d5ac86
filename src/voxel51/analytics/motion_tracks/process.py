"""Motion tracks job: detect moving objects, track them, and label every frame."""

from voxel51.analytics.motion_tracks.background import MovingObjectDetector
from voxel51.analytics.tracking.video_tracker import VideoTracker
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels
from voxel51.platform.video import input_video

SURE_FILL = 0.2
"""An object that fills less of its box than this is a fragment of another one."""


def process(job: Job) -> None:
    """Track the moving objects in the input ``video`` and write them to the output ``labels``."""
    given = job.parameters
    with (
        input_video(job) as video,
        job_labels(job, video.filename) as labels,
    ):
        rate = video.selection.fps or video.metadata.frame_rate or 25.0
        detector = MovingObjectDetector(
            video.frame_size, rate, float(given["sensitivity"]), float(given["minimum_size"])
        )
        tracker = VideoTracker(video, job.checkpoint, detector, SURE_FILL)
        for frame in tracker.frames():
            labels.add_frame(frame)
        video.write_metadata(labels)
    job.message(f"{len(tracker.numbers)} moving objects in {video.count} frames")
