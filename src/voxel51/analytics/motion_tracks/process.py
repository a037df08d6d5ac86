"""One job of motion tracking: what differs from the background is followed, and every frame is labelled."""

from voxel51.analytics.motion_tracks.background import MovingObjectDetector
from voxel51.analytics.tracking.video_tracker import VideoTracker
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.frames import input_video
from voxel51.platform.job import Job

SURE_FILL = 0.2
"""A thing that fills less of its box than this is a shred of something else."""


def process(job: Job) -> None:
    """Follow what moves in the input ``video`` and leave it at the output ``labels``."""
    given = job.parameters
    with (
        input_video(job) as video,
        VideoLabelsWriter.open(job.output("labels"), video.filename) as labels,
    ):
        rate = video.selection.fps or video.metadata.frame_rate or 25.0
        finder = MovingObjectDetector(video.frame_size, rate, float(given["sensitivity"]), float(given["minimum_size"]))
        follower = VideoTracker(video, finder, SURE_FILL)
        for frame in follower.frames():
            labels.add_frame(frame)
        video.write_metadata(labels)
    job.message(f"{len(follower.numbers)} moving objects in {video.count} frames")
