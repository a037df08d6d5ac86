"""Tracked labels: write the tracks of a job, or of the merge of its parts."""

from voxel51.analytics.tracking.look_analysis import FrameDetector, LookAnalysis, ShotStep, TrackingOptions
from voxel51.analytics.tracking.video_tracker import TrackedClasses, VideoTracker
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.job import Job
from voxel51.platform.measures import MeasuredVideo, Measures
from voxel51.platform.video import Video


def write_tracks(
    job: Job,
    video: Video,
    detector: FrameDetector,
    options: TrackingOptions,
    classes: TrackedClasses,
    measures: Measures,
    labels: VideoLabelsWriter,
) -> VideoTracker:
    """Track the objects that ``detector`` finds in ``video``, and write them to ``labels``; return the tracker."""
    tracker = VideoTracker(video, options, classes, job.checkpoint.load(None))
    analysis = LookAnalysis(video, job.checkpoint, detector, options, tracker.state)
    measures.describe(classes.plain())
    for frame in tracker.frames(measures.kept(analysis.steps(), ShotStep.plain)):
        labels.add_frame(frame)
    video.write_metadata(labels)
    return tracker


def merge_tracks(video: MeasuredVideo, options: TrackingOptions, labels: VideoLabelsWriter) -> tuple[int, str]:
    """Track the objects that the parts of a video found, and write them to ``labels``; return the number of tracks and
    the name of the model.
    """
    classes = TrackedClasses.of(video.description())
    tracker = VideoTracker(video, options, classes)
    steps = ((number, ShotStep.of(values)) for number, values in video.measures())
    for frame in tracker.frames(steps):
        labels.add_frame(frame)
    video.write_metadata(labels)
    return len(tracker.numbers), classes.model
