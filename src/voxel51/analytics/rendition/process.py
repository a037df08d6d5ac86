"""Rendition job: make one rendition."""

from collections.abc import Mapping
from pathlib import Path

from voxel51.analytics.rendition.budget import WHOLE_VIDEO_KINDS, check_budget
from voxel51.analytics.rendition.renderers import RENDERERS, RenditionTask
from voxel51.labels.errors import InvalidLabels
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job


def process(job: Job) -> None:
    """Make the rendition that ``kind`` names, and write it to the output ``rendition``.

    Raises:
        InvalidInput: the rendition cannot be made of these files.
    """
    kind, arguments = job.parameters["kind"], job.parameters["arguments"]
    folder = job.scratch / "made"
    folder.mkdir()
    task = RenditionTask(job.inputs, arguments, folder, job.progress)
    try:
        if kind in WHOLE_VIDEO_KINDS:
            check_budget(task.video)
        made = RENDERERS[kind](task)
    except (UnreadableVideo, InvalidLabels, ValueError) as error:
        raise InvalidInput(_named(str(error), job.inputs, job.filenames)) from None
    made.replace(job.output("rendition"))


def _named(text: str, inputs: Mapping[str, Path], filenames: Mapping[str, str]) -> str:
    """Return an error text with the owner's file names instead of the local ones."""
    for name, path in inputs.items():
        text = text.replace(path.name, str(filenames.get(name, path.name)))
    return text
