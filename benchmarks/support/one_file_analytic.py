"""Analytic as an author deploys it: one file, one function, no requirements."""

from pathlib import Path
from typing import Annotated

from voxel51.platform import InputFile, VideoLabels, analytic


@analytic(version="1.0.0")
def one_file(plan: Annotated[Path, InputFile()], threshold: float = 0.5) -> VideoLabels:
    """Return no labels.

    Args:
        plan: a file that is not read.
        threshold: a number that is not used.
    """
    return VideoLabels()
