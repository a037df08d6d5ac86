"""Labels of a job: a writer of its output whose frames are shown while the job runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.job import Job
from voxel51.platform.measures import Measures
from voxel51.platform.video import Video

LABELS_OUTPUT = "labels"
"""Name of the output that labels become."""


@contextmanager
def job_labels(job: Job, filename: str | None = None, *, is_preview: bool = False) -> Iterator[VideoLabelsWriter]:
    """Yield the writer of the output ``labels`` of ``job``, for the video of that name.

    Each frame that is written, with the events so far, is a partial result: it is shown before the end of the job, and
    kept if the job fails. The labels are part of the job's checkpoints.

    Args:
        job: the job.
        filename: file name of the video.
        is_preview: whether the labels are a partial result only, because the output of the part has its measures.
    """
    path = job.scratch / "preview.json" if is_preview else job.output(LABELS_OUTPUT)

    def show(number: int, text: str) -> None:
        job.partial.add_frame(number, text)
        job.partial.add_events(labels.events)

    with VideoLabelsWriter.open(path, filename, show) as labels:
        job.checkpoint.follow_labels(labels)
        yield labels


@contextmanager
def measured_labels(job: Job, video: Video) -> Iterator[tuple[Measures, VideoLabelsWriter]]:
    """Yield the measures of ``job`` and the writer of its labels, which are a preview if the job is split.

    The output ``labels`` has the measures of a part, and otherwise the labels.
    """
    with (
        Measures.open(job, video, LABELS_OUTPUT) as measures,
        job_labels(job, video.filename, is_preview=job.part is not None) as labels,
    ):
        yield measures, labels
