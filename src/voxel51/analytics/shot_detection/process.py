"""One job of shot detection: cuts become shots, shots become events with keyframes."""

from dataclasses import dataclass, field

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
        input_video(job, strict=given["strict"]) as video,
        VideoLabelsWriter.open(job.output("labels"), video.filename) as labels,
    ):
        shots = _Shots(labels)
        for frame in video:
            for cut in detector.add(frame.small(*PICTURE_SIZE), frame.number, frame.time):
                shots.end(cut)
            if frame.number == 1:
                shots.begin(Cut(number=1, time=frame.time, difference=0.0))
            last_time = frame.time
        for cut in detector.finish():
            shots.end(cut)
        count = video.metadata.total_frame_count or 1
        shots.end(Cut(number=count + 1, time=last_time + 1 / (video.metadata.frame_rate or 25), difference=0.0))
        labels.metadata = video.metadata
        labels.attributes += video.warning_attributes()
    job.message(f"{len(labels.events)} shots in {count} frames")


@dataclass
class _Shots:
    """Turns the beginnings of shots into labels."""

    labels: VideoLabelsWriter
    _start: Cut = field(default_factory=lambda: Cut(1, 0.0, 0.0))

    def begin(self, start: Cut) -> None:
        self._start = start

    def end(self, following: Cut) -> None:
        """The running shot ends before ``following``, where the next one begins."""
        start, self._start = self._start, following
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
