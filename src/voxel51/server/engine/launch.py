"""What a job is started with: plain data that can be handed to any runner, on this machine or another."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one attempt may use before it is ended.

    Attributes:
        wall_seconds: from start to exit.
        cpu_seconds: of all its threads together.
        memory_bytes: of private memory.
        file_bytes: of any one file it writes.
        open_files: file descriptors.
    """

    wall_seconds: float
    cpu_seconds: int
    memory_bytes: int
    file_bytes: int
    open_files: int = 1024


@dataclass(frozen=True, slots=True)
class Launch:
    """One attempt at a job, or at a part of one.

    Attributes:
        attempt_id: what the outcome is reported for; also the name of the attempt's folder.
        entry_point: ``<owner>/<name>`` in the group ``voxel51.analytics`` of the interpreter the runner uses.
        environment: exactly the five variables of the wire contract.
        limits: what it may use.
    """

    attempt_id: str
    entry_point: str
    environment: Mapping[str, str]
    limits: Limits
