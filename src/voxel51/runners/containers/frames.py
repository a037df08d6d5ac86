"""Image-to-video programs: the interface of what gives frames to an image and judges the labels that it wrote."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec


@dataclass(frozen=True, slots=True)
class MountedFolders:
    """Folders of this machine that a container sees: path in the container -> folder."""

    read_only: Mapping[str, Path] = field(default_factory=dict)
    writable: Mapping[str, Path] = field(default_factory=dict)


class FrameJobs(Protocol):
    """Everything that the platform does for an image that has neither network nor environment variables.

    Calls come from a thread of the attempt. They may take long, and raise `OSError` if something outside of the job
    failed.
    """

    def prepare(self, launch: LaunchSpec, folder: Path) -> MountedFolders | AttemptOutcome:
        """Put the frames of the video into ``folder``, an empty one, and return the folders to mount.

        An outcome instead ends the attempt: the video has no frames, or ``stop`` was called.
        """

    def conclude(self, launch: LaunchSpec, folder: Path, outcome: AttemptOutcome) -> AttemptOutcome:
        """Judge and report what the container, which has ended with ``outcome``, left in ``folder``."""

    def discard(self, launch: LaunchSpec) -> None:
        """End the frame job of an attempt whose container could not be run. Do nothing after `conclude`."""

    def stop(self, attempt_id: str) -> None:
        """End `prepare` or `conclude` of an attempt soon. Ignore unknown ids. Safe from any thread."""

    def close(self) -> None:
        """End every `prepare` and `conclude`, and release all resources."""
