"""Checkpoints: states of jobs from which later attempts go on."""

from typing import NotRequired, TypedDict


class SavedCheckpoint(TypedDict):
    """Checkpoint that an earlier attempt at the job saved: ``GET jobs/<id>/checkpoint`` returns its content.

    Attributes:
        sha256: hash of the content, in hexadecimal.
        parts: number of parts of the partial results that belong to it.
    """

    sha256: str
    parts: int


class CheckpointState(TypedDict):
    """Entry ``checkpoint`` of a task description: the platform keeps checkpoints.

    Attributes:
        limit_bytes: size of the largest one.
        interval_seconds: shortest pause between two; absent for that of the SDK.
        saved: absent if no earlier attempt saved one.
    """

    limit_bytes: int
    interval_seconds: NotRequired[float]
    saved: NotRequired[SavedCheckpoint]
