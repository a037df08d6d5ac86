"""Messages between the platform and its driver, the process that is connected to Ray. Both are of one user and version,
so they are Python objects, pickled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voxel51.runners.nodes.machine import NodeSettings


@dataclass(frozen=True, slots=True)
class Connect:
    """First message to the driver.

    Attributes:
        address: address of the cluster's head, ``HOST:PORT``.
        platform_id: identity of the platform, which names its agents.
        settings: settings of the agents.
    """

    address: str
    platform_id: str
    settings: NodeSettings


@dataclass(frozen=True, slots=True)
class Call:
    """Call of a verb of a node."""

    number: int
    node_id: str
    verb: str
    arguments: Sequence[object]


@dataclass(frozen=True, slots=True)
class Reply:
    """Result of a call, or the reason of its failure, as a phrase."""

    number: int
    result: object
    failure: str | None


@dataclass(frozen=True, slots=True)
class Members:
    """The nodes of the cluster.

    Attributes:
        addresses: id of each node with an agent -> its address.
        refused: machines that cannot be used -> the reason, as a phrase.
    """

    addresses: Mapping[str, str]
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Failed:
    """Last message of a driver that cannot go on, with the reason as a phrase."""

    reason: str
