"""Parts of split jobs: the range of frames that a part answers for, and the output of a part."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from voxel51.wire.tasks import PartDescription


@dataclass(frozen=True, slots=True)
class FramePart:
    """Part of a split job.

    Attributes:
        number: from 1.
        count: number of parts of the job.
        first_frame, last_frame: the core range, inclusive, by number in the whole video. The part may read frames
            before and after it, but its output counts for these frames only.
        frame_count: number of frames of the whole video if all of it can be decoded without a warning; None if that is
            not known. The part then decodes from the first frame.
        overlap_seconds: time that the part reads before and after its core range.
    """

    number: int
    count: int
    first_frame: int
    last_frame: int
    frame_count: int | None = None
    overlap_seconds: float = 0.0

    @classmethod
    def of(cls, description: Mapping[str, Any], overlap_seconds: float = 0.0) -> Self:
        """Return the part that a task describes (`voxel51.wire.tasks.PartDescription`)."""
        return cls(
            number=description["number"],
            count=description["count"],
            first_frame=description["first_frame"],
            last_frame=description["last_frame"],
            frame_count=description.get("frame_count"),
            overlap_seconds=overlap_seconds,
        )

    def description(self) -> PartDescription:
        """Return the part as a task describes it."""
        described: PartDescription = {
            "number": self.number,
            "count": self.count,
            "first_frame": self.first_frame,
            "last_frame": self.last_frame,
        }
        if self.frame_count is not None:
            described["frame_count"] = self.frame_count
        return described

    def has(self, number: int) -> bool:
        """Return whether the part answers for the frame with this number."""
        return self.first_frame <= number <= self.last_frame


@dataclass(frozen=True, slots=True)
class PartOutput:
    """Output file of a part that is complete."""

    part: FramePart
    path: Path
