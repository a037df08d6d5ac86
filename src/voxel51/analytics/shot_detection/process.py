"""One job of shot detection: cuts become shots, shots become events with keyframes."""

from dataclasses import dataclass

from voxel51.analytics.shot_detection.detector import PICTURE_SIZE, Cut, CutDetector
from voxel51.labels.attributes import BooleanAttribute, NumericAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.supports import Support
from voxel51.labels.video import VideoFrame
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.frames import input_video
from voxel51.platform.job import Job


def process(job: Job) -> None:
    """Find the shots of the input ``video`` and leave them at the output ``labels``."""
    given = job.parameters
    detector = CutDetector(float(given["threshold"]), float(given["minimum_shot_seconds"]))
    with (
        input_video(job) as video,
        VideoLabelsWriter.open(job.output("labels"), video.filename) as labels,
    ):
        shots = _Shots(labels)
        for frame in video.sampled():
            shots.begin_once(Cut(frame.number, frame.time, 0.0))
            for cut in detector.add(frame.small(*PICTURE_SIZE), frame.number, frame.time):
                shots.end(cut)
        for cut in detector.finish():
            shots.end(cut)
        interval = 1 / (video.metadata.frame_rate or 25)
        shots.end(Cut(video.last_number + 1, video.last_time + interval, 0.0))
        video.sign(labels)
    job.message(f"{len(labels.events)} shots in {video.count} frames")


@dataclass
class _Shots:
    """Turns the beginnings of shots into labels."""

    labels: VideoLabelsWriter
    _start: Cut | None = None

    def begin_once(self, start: Cut) -> None:
        """The first shot begins at ``start``, unless it has begun."""
        self._start = self._start or start

    def end(self, following: Cut) -> None:
        """The running shot ends before ``following``, where the next one begins."""
        start, self._start = self._start or following, following
        last = following.number - 1
        keyframe = (start.number + last) // 2
        mark = BooleanAttribute(name="keyframe", value=True)
        self.labels.add_frame(VideoFrame(frame_number=keyframe, attributes=[mark]))
        facts = [
            NumericAttribute(name="start_seconds", value=round(start.time, 3)),
            NumericAttribute(name="end_seconds", value=round(following.time, 3)),
            NumericAttribute(name="keyframe", value=keyframe),
        ]
        if start.difference:
            facts.append(NumericAttribute(name="difference", value=round(start.difference, 2)))
        index = len(self.labels.events) + 1
        support = Support.of(start.number, last)
        self.labels.events.append(VideoEvent(label="shot", index=index, support=support, attributes=[*facts]))
