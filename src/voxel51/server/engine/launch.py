"""What a job is started with: plain data that can be handed to any runner, on this machine or another."""

from collections.abc import Mapping
from dataclasses import dataclass

from voxel51.wire.tasks import JobLimits


@dataclass(frozen=True, slots=True)
class LaunchSpec:
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
    limits: JobLimits
