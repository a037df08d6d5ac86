"""Image-to-video runs: files and variables by which the runner of a container and its frame job inform each other.

The frame job is the process that extracts the frames of the video, and reports the job to the platform. The files are
in its working directory. Its container sees them read-only, and has no other contact with it.
"""

from typing import NotRequired, TypedDict

FRAMES_FOLDER = "frames"
"""Folder with the frames, ``000001.jpg`` and so on."""

FRAMES_READY = "frames-ready"
"""Empty file; it exists once all frames do, so that the container can start."""

CONTAINER_LABELS = "labels.json"
"""Labels that the container wrote; absent if it wrote none."""

CONTAINER_LOG = "container.log"
"""Log of the container."""

CONTAINER_END = "container.json"
"""A `ContainerEnd`; it exists once the container has ended, and is the last of the files."""

MOST_FRAME_BYTES = "VOXEL51_MOST_FRAME_BYTES"
MOST_FRAMES = "VOXEL51_MOST_FRAMES"
"""Environment variables of the frame job: limits of the size of all frames, and of their number."""


class ContainerEnd(TypedDict):
    """End of a container.

    Attributes:
        detail: sentence for users about its end.
        labels_problem: why the labels could not be taken.
    """

    detail: str
    labels_problem: NotRequired[str]
