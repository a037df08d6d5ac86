"""Labels as an input of a job, such as the output of another job, and the frames that they name."""

from voxel51.labels.errors import InvalidLabels
from voxel51.labels.video import VideoLabels
from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job


def input_labels(job: Job, name: str) -> VideoLabels | None:
    """Return the labels in the input ``name`` of ``job``; None if the job has no such input.

    Raises:
        InvalidInput: the file is not labels of a video.
    """
    if name not in job.inputs:
        return None
    try:
        return VideoLabels.from_file(job.inputs[name])
    except InvalidLabels as error:
        filename = job.filenames.get(name, job.inputs[name].name)
        raise InvalidInput(f"input {name!r}: {filename!r} is not labels of a video: {error}") from None


def named_frames(job: Job, name: str = "frames") -> frozenset[int] | None:
    """Return the numbers of the frames that the labels in the input ``name`` have an entry for; None without labels.

    Raises:
        InvalidInput: the file is not labels of a video, or they have an entry for no frame.
    """
    labels = input_labels(job, name)
    if labels is None:
        return None
    if not labels.frames:
        raise InvalidInput(
            f"input {name!r}: {job.filenames.get(name, name)!r} has labels of no frame. "
            "Choose other labels, such as those of best-frames, or leave the input out."
        )
    return frozenset(labels.frames)
