"""VideoLabels: the labels of one video, frame by frame and over ranges of frames."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.labels.video_base import VideoFrame, VideoLabelsBase

__all__ = ["VideoFrame", "VideoLabels"]


@dataclass(slots=True, kw_only=True)
class VideoLabels(VideoLabelsBase):
    """Labels of one video.

    Tracks are stored framewise (detected objects with the same ``index`` in `frames`, as the built-in analytics write
    them) or as `objects` with frames of their own; `objects_in` reads both. ``provenance`` names the analytic, its
    inputs and its parameters.
    """

    def convert(self, name: str, output: str | os.PathLike[str], classes: Sequence[str] | None = None) -> None:
        """Write the labels to ``output`` in the format ``name``, such as ``coco``; see `voxel51.labels.formats`.

        ``classes`` fixes the numbers of classes in coco, yolo and mot; by default they are those of COCO and of MOT
        Challenge.
        """
        # Imported here because formats load csv, xml and zipfile, which most programs that read labels do not need.
        from voxel51.labels.formats import convert  # noqa: PLC0415

        convert(self, name, Path(output), classes)
