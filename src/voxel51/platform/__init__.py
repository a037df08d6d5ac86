"""SDK for code that runs in a job: write an analytic, run it on the platform, or try it without a server.

Authors import from here what an analytic of one file needs: `analytic`, `Video`, `VideoLabels`, `Range` and the others
in ``__all__``. The modules:

- `voxel51.platform.decorator`: derive an analytic from a function or class
- `voxel51.platform.annotations`: annotations of its arguments
- `voxel51.platform.definition`: analytics
- `voxel51.platform.entry_points`: find and load installed analytics
- `voxel51.platform.job`: inputs, parameters, outputs and reports of a job
- `voxel51.platform.errors`: errors that decide how a job ends
- `voxel51.platform.tracking`: number the objects that a detector finds
- `voxel51.platform.video`: videos, whose frames are numbered exactly
- `voxel51.platform.frame_batches`: several frames as one array, also on a GPU
- `voxel51.platform.labels_input`: labels as an input, such as the output of another job
- `voxel51.platform.checkpoint`: the state from which a job goes on after a loss of its process
- `voxel51.platform.splitting`: run one job as parts of its video, and a merge
- `voxel51.platform.measures`: what parts found, for a merge that decides
- `voxel51.platform.partial_labels`: labels that can be seen before the end of a job
- `voxel51.platform.weights`: weights of neural networks
- `voxel51.platform.local`: run an analytic on files, without a server
- `voxel51.platform.run`: the child process that runs one job
- `voxel51.platform.zygote`: the parent process that forks such children
- `voxel51.platform.installed_analytics`: list the installed analytics as a document

The original SDK, for analytics of 2018 to 2020, is `voxel51.platform.task` with ``api``, ``utils``, ``auth``,
``config`` and the modules that they import.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voxel51.labels.image import ImageLabels
    from voxel51.labels.media.frame import Frame
    from voxel51.labels.video import VideoFrame, VideoLabels
    from voxel51.labels.writer import VideoLabelsWriter
    from voxel51.platform.annotations import InputFile, OutputFile, Range, Secret
    from voxel51.platform.checkpoint import Checkpoint
    from voxel51.platform.decorator import analytic
    from voxel51.platform.definition import Analytic
    from voxel51.platform.errors import InvalidInput
    from voxel51.platform.job import Job
    from voxel51.platform.parameter_groups import ParameterGroup
    from voxel51.platform.splitting import Splitting
    from voxel51.platform.tracking import Detection, Tracker
    from voxel51.platform.video import Video
    from voxel51.wire.analytics import SplitKind

__all__ = [
    "Analytic",
    "Checkpoint",
    "Detection",
    "Frame",
    "ImageLabels",
    "InputFile",
    "InvalidInput",
    "Job",
    "OutputFile",
    "ParameterGroup",
    "Range",
    "Secret",
    "SplitKind",
    "Splitting",
    "Tracker",
    "Video",
    "VideoFrame",
    "VideoLabels",
    "VideoLabelsWriter",
    "analytic",
]

_MODULES = {
    "Analytic": "voxel51.platform.definition",
    "Detection": "voxel51.platform.tracking",
    "Checkpoint": "voxel51.platform.checkpoint",
    "Frame": "voxel51.labels.media.frame",
    "ImageLabels": "voxel51.labels.image",
    "InputFile": "voxel51.platform.annotations",
    "InvalidInput": "voxel51.platform.errors",
    "Job": "voxel51.platform.job",
    "OutputFile": "voxel51.platform.annotations",
    "ParameterGroup": "voxel51.platform.parameter_groups",
    "Range": "voxel51.platform.annotations",
    "Secret": "voxel51.platform.annotations",
    "SplitKind": "voxel51.wire.analytics",
    "Splitting": "voxel51.platform.splitting",
    "Tracker": "voxel51.platform.tracking",
    "Video": "voxel51.platform.video",
    "VideoFrame": "voxel51.labels.video",
    "VideoLabels": "voxel51.labels.video",
    "VideoLabelsWriter": "voxel51.labels.writer",
    "analytic": "voxel51.platform.decorator",
}


def __getattr__(name: str) -> object:
    # Imported on first use: the process that starts jobs imports this package and needs none of these modules.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
