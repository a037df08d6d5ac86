"""Launch specifications: plain data that starts one attempt, so that any runner on any machine can execute it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from voxel51.runners.network_permission import NetworkPermission
from voxel51.runners.programs import Program
from voxel51.runners.resources import Resources
from voxel51.wire.tasks import JobLimits


@dataclass(frozen=True, slots=True)
class LaunchSpec:
    """One attempt at a job, or at a part of one.

    Attributes:
        attempt_id: id under which the outcome is reported; also the name of the attempt's folder.
        program: what it runs.
        environment: exactly the five variables of the wire contract.
        limits: resource limits of the attempt.
        warm_key: launches with the same key may share what ``setup()`` of their analytic made: they have the same
            program, and belong to the same owner. None: the analytic does not allow it.
        resources: what the attempt needs of its machine. Runners of one machine do not count them.
        network: hosts that the attempt may connect to, besides the platform; None: none.
    """

    attempt_id: str
    program: Program
    environment: Mapping[str, str]
    limits: JobLimits
    warm_key: str | None = None
    resources: Resources = field(default_factory=Resources)
    network: NetworkPermission | None = None
