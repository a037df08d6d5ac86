"""Labels of a job: a writer of its output whose frames are shown while the job runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.job import Job

LABELS_OUTPUT = "labels"
"""Name of the output that labels become."""


@contextmanager
def job_labels(job: Job, filename: str | None = None) -> Iterator[VideoLabelsWriter]:
    """Yield the writer of the output ``labels`` of ``job``, for the video of that name.

    Each frame that is written, with the events so far, is a partial result: it is shown before the end of the job, and
    kept if the job fails. The labels are part of the job's checkpoints.
    """

    def show(number: int, text: str) -> None:
        job.partial.add_frame(number, text)
        job.partial.add_events(labels.events)

    with VideoLabelsWriter.open(job.output(LABELS_OUTPUT), filename, show) as labels:
        job.checkpoint.follow_labels(labels)
        yield labels
