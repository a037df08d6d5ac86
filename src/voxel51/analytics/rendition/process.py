"""Rendition job: make one rendition."""

import errno
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import av
import cv2

from voxel51.analytics.rendition.budget import WHOLE_VIDEO_KINDS, check_budget
from voxel51.analytics.rendition.renderers import RENDERERS, RenditionTask
from voxel51.labels.errors import InvalidLabels
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job

log = logging.getLogger(__name__)

_LOWEST_PRIORITY = 19

_DECODER_ERRORS = (av.FFmpegError, cv2.error, ArithmeticError)
"""Errors of decoders, and of arithmetic on what they return, for files that are damaged or made to be hostile. Such a
file would otherwise end its job with the name of an exception, which tells its owner nothing."""


def process(job: Job) -> None:
    """Make the rendition that ``kind`` names, and write it to the output ``rendition``.

    Raises:
        InvalidInput: the rendition cannot be made of these files.
    """
    kind, arguments = job.parameters["kind"], job.parameters["arguments"]
    if job.parameters.get("in_background"):
        _yield_processors()
    folder = job.scratch / "made"
    folder.mkdir()
    dataset, tables = (job.parameters.get(name) or {} for name in ("dataset", "tables"))
    task = RenditionTask(job.inputs, arguments, folder, job.progress, dataset, tables)
    try:
        if kind in WHOLE_VIDEO_KINDS:
            check_budget(task.video)
        made = RENDERERS[kind](task)
    except _DECODER_ERRORS as error:
        if _is_out_of_space(error):  # the disk belongs to the platform
            raise
        log.warning("making %r failed", kind, exc_info=error)
        names = " and ".join(repr(str(job.filenames.get(name, path.name))) for name, path in job.inputs.items())
        raise InvalidInput(f"{names} cannot be processed: a part is damaged, or of an unsupported kind") from None
    except (UnreadableVideo, InvalidLabels, ValueError) as error:
        raise InvalidInput(_named(str(error), job.inputs, job.filenames)) from None
    made.replace(job.output("rendition"))


def _yield_processors() -> None:
    """Use one processor only, at the lowest priority: that of the idle slot for which the rendition is made."""
    os.nice(_LOWEST_PRIORITY)
    # Where Linux groups processes by session (autogroups), priorities count only within a job. So the encoder's threads
    # would take as much as a job's; on one processor, they leave the others to jobs.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _is_out_of_space(error: BaseException) -> bool:
    """Return whether the disk was full: errors of FFmpeg have the number of the system's error."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def _named(text: str, inputs: Mapping[str, Path], filenames: Mapping[str, str]) -> str:
    """Return an error text with the owner's file names instead of the local ones."""
    for name, path in inputs.items():
        text = text.replace(path.name, str(filenames.get(name, path.name)))
    return text
