"""Node interface: five verbs by which attempts run on another machine, and the cluster that knows the machines.

===========  ==========================================================================================
``offer``    what the node has: versions, resources, sandbox
``start``    start attempts; each is started once, or refused with a reason
``observe``  which attempts run and which have ended. Renews the lease of the node, without which it kills its attempts
``stop``     kill attempts
``collect``  the outcomes of ended attempts
===========  ==========================================================================================

All arguments and results are plain data. A call that fails (`NodeAway`) may still have reached the node, or reach it
later. Two numbers keep such calls harmless: the *epoch* of a lease, which every start names, and the number of each
observation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.resources import Resources


class NodeAway(OSError):
    """A node, or the cluster, did not answer in time. The text says why, as a phrase."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions that must be the same on all machines.

    Attributes:
        python: first two numbers of Python's version.
        platform: version of this package.
        engine: name and version of the engine's library; empty: it has none.
    """

    python: str
    platform: str
    engine: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Offer of a node.

    Attributes:
        host: name of its machine.
        versions: its versions.
        total: resources for attempts.
        sandbox: what confines attempts, as a phrase.
        containers: why it cannot run container images, as a phrase; None: it can.
        refusal: why it runs no attempts at all, as a phrase; None: it does.
    """

    host: str
    versions: Versions
    total: Resources
    sandbox: str
    containers: str | None
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refusal of a start.

    Attributes:
        reason: a phrase for operators.
        is_fault: whether the node failed to start the attempt, and should rest; otherwise, it is full or leaving.
    """

    reason: str
    is_fault: bool


@dataclass(frozen=True, slots=True)
class Observation:
    """State of a node, for one controller.

    Attributes:
        epoch: names the lease of this controller; changes when a lease has ended.
        number: number of the call that it answers.
        running: attempts of this controller that run.
        ended: attempts of this controller whose outcomes can be collected.
        free: resources that no attempt uses, of whatever controller.
        load: average number of runnable processes of the last minute; None if the machine does not report it.
        is_draining: whether the node starts no more attempts, because it is about to leave.
        obstacle: why it starts no attempts at present, as a phrase; None: it does, or leaves. It keeps those that it
            has, and will start attempts again.
    """

    epoch: str
    number: int
    running: frozenset[str]
    ended: tuple[str, ...]
    free: Resources
    load: float | None
    is_draining: bool
    obstacle: str | None = None


@dataclass(frozen=True, slots=True)
class ObserveCall:
    """Arguments of `Node.observe`.

    Attributes:
        controller: id of the calling controller.
        number: number of this call; each is greater than the one before.
        confirmed: number of the last observation that the controller received. The lease lasts from the moment at
            which the node sent that one, so the controller knows when it has ended for sure.
        received: attempts whose outcomes the controller has collected; the node forgets them.
        wait_seconds: longest time to wait for an attempt to end.
    """

    controller: str
    number: int
    confirmed: int
    received: tuple[str, ...]
    wait_seconds: float


class Node(Protocol):
    """A machine that runs attempts, or a system that does so on several. Every call may raise `NodeAway`."""

    def offer(self) -> Offer:
        """Return what the node has."""

    def start(self, controller: str, epoch: str, launches: Sequence[LaunchSpec]) -> Mapping[str, Refusal]:
        """Start attempts; return those that were refused. Attempts that it knows already are not started again."""

    def observe(self, call: ObserveCall) -> Observation:
        """Return the state of the node, as soon as an attempt has ended that is not collected."""

    def stop(self, controller: str, attempt_ids: Sequence[str]) -> None:
        """Kill attempts; unknown ids are ignored. Their outcomes follow."""

    def collect(self, controller: str, attempt_ids: Sequence[str]) -> Sequence[AttemptOutcome]:
        """Return outcomes of ended attempts; unknown ids are ignored."""


class Cluster(Protocol):
    """The nodes of an engine, which come and go."""

    def open(self, changed: Callable[[], object]) -> None:
        """Connect, and call ``changed`` from any thread when nodes have come or gone. Returns at once."""

    def nodes(self) -> Mapping[str, Node]:
        """Return the present nodes by id. A node that returns has another id."""

    @property
    def problem(self) -> str | None:
        """Reason why the nodes are not known at present, as a phrase; None: they are."""

    @property
    def refused(self) -> Mapping[str, str]:
        """Machines that cannot be used -> the reason, as a phrase."""

    def close(self) -> None:
        """Disconnect. Nodes kill the attempts of this process when their leases end."""
