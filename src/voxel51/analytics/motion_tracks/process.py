"""Motion tracks job: find moving objects by background subtraction, track them, and label every frame."""

from voxel51.analytics.motion_tracks.background import MovingObjectDetector
from voxel51.analytics.tracking.look_analysis import TrackingOptions
from voxel51.analytics.tracking.tracked_labels import write_tracks
from voxel51.analytics.tracking.video_tracker import TrackedClasses
from voxel51.platform.job import Job
from voxel51.platform.job_labels import measured_labels
from voxel51.platform.video import input_video

SURE_FILL = 0.2
"""An object that fills less of its box than this is a fragment of another one."""

OPTIONS = TrackingOptions(SURE_FILL)


def process(job: Job) -> None:
    """Track the moving objects in the input ``video`` and write them to the output ``labels``."""
    given = job.parameters
    with (
        input_video(job) as video,
        measured_labels(job, video) as (measures, labels),
    ):
        rate = video.selection.fps or video.metadata.frame_rate or 25.0
        detector = MovingObjectDetector(
            video.frame_size, rate, float(given["sensitivity"]), float(given["minimum_size"])
        )
        classes = TrackedClasses(detector.names, detector.picture_size)
        tracker = write_tracks(job, video, detector, OPTIONS, classes, measures, labels)
    job.message(f"{len(tracker.numbers)} moving objects in {video.count} frames")
