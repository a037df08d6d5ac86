"""Messages between the platform and the agent in a Slurm job.

The agent verifies the platform before it reads anything, and what it reads are pickled objects. The platform reads only
plain data: MessagePack of the types below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.nodes.interface import Observation, Offer, Refusal, Versions
from voxel51.runners.nodes.machine import NodeSettings
from voxel51.runners.resources import Resources

ENGINE = "Slurm"
"""Name of the engine among the versions of a node. Slurm's own version does not matter."""


@dataclass(frozen=True, slots=True)
class Hello:
    """First message of an agent.

    Attributes:
        token: the token that platform and nodes share.
        attempt_id: attempt for which the Slurm job was submitted.
        slurm_id: id of the Slurm job.
        node: name of its machine.
        versions: its versions.
    """

    token: str
    attempt_id: str
    slurm_id: str
    node: str
    versions: Versions


@dataclass(frozen=True, slots=True)
class Welcome:
    """Reply to an agent that is expected: settings of the platform, and the resources of the Slurm job."""

    settings: NodeSettings
    resources: Resources


@dataclass(frozen=True, slots=True)
class Farewell:
    """Last message to an agent, which then kills what it runs and ends. ``reason``: a phrase."""

    reason: str


@dataclass(frozen=True, slots=True)
class Call:
    """Call of a verb of the agent."""

    verb: str
    arguments: Sequence[object]


class Reply(msgspec.Struct):
    """Result of a call, encoded; or the reason of its failure, as a phrase."""

    result: bytes
    failure: str | None = None


RESULTS: Mapping[str, object] = {
    "offer": Offer,
    "start": dict[str, Refusal],
    "observe": Observation,
    "stop": None,
    "collect": list[AttemptOutcome],
}
"""Verb -> type of its result."""
