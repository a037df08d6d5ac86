"""Splitting: declare that one job can run as parts of its video, side by side, and as a merge of their outputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.label_merges import merge_frames, merge_tracks
from voxel51.wire.analytics import SplitDeclaration, SplitKind

Merge = Callable[[Job, Sequence[PartOutput]], None]
"""Function that writes the output of a job from those of its parts, which are in order."""


@dataclass(frozen=True, slots=True)
class Splitting:
    """Declaration that jobs of an analytic can be split.

    ``process`` runs once per part, with `Job.part`; then ``merge`` runs instead of ``process``. A part writes the
    declared output, but only its own merge reads it, so its content may be all that the merge needs.

    Attributes:
        kind: how labels depend on other frames.
        merge: writes the output of the job from those of the parts. By default the output is labels of the video:
            frames are those of the parts that answer for them, and events and, for ``tracks``, tracks that two parts
            both saw are joined.
        overlap_seconds: time that a part reads before and after its own frames.
    """

    kind: SplitKind
    merge: Merge | None = None
    overlap_seconds: float = 0.0

    def write_merged(self, job: Job, parts: Sequence[PartOutput]) -> None:
        """Write the output of ``job`` from those of all its parts, which are in order."""
        default = merge_tracks if self.kind is SplitKind.TRACKS else merge_frames
        (self.merge or default)(job, parts)

    def declaration(self) -> SplitDeclaration:
        """Return the entry ``split`` of the manifest."""
        return {"kind": self.kind.value, "overlap_seconds": self.overlap_seconds}
