"""Loopback cluster: node agents in this process, each over a runner whose attempts the test ends, with links to cut."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from support.manual_runner import ManualRunner
from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.nodes.agent import NodeAgent
from voxel51.runners.nodes.interface import Node, NodeAway, Observation, ObserveCall, Offer, Refusal, Versions
from voxel51.runners.nodes.refusals import versions_here
from voxel51.runners.resources import Resources

_AWAY_SECONDS = 0.3


class LoopbackNode:
    """A node in this process. A call over a cut link fails after a while, and may reach the agent later.

    Attributes:
        attempts: the runner of the node.
        is_cut: whether its link is cut.
        is_leaving: whether it is about to leave.
    """

    def __init__(self, offer: Offer, lease_seconds: float) -> None:
        self.attempts = ManualRunner()
        self.is_cut = False
        self.is_leaving = False
        self.noted = 0
        self.delayed: list[Callable[[], object]] = []
        self.agent = NodeAgent(self.attempts, offer, lease_seconds, self)
        self.agent.open()

    def is_draining(self) -> bool:
        return self.is_leaving

    def note(self, attempts: int) -> None:
        self.noted = attempts

    def deliver(self) -> None:
        """Let the calls arrive that were on the way when the link was cut."""
        for call in self.delayed:
            call()

    def offer(self) -> Offer:
        offer: Offer = self._call(self.agent.offer)
        return offer

    def start(self, controller: str, epoch: str, launches: Sequence[LaunchSpec]) -> Mapping[str, Refusal]:
        refusals: Mapping[str, Refusal] = self._call(lambda: self.agent.start(controller, epoch, launches))
        return refusals

    def observe(self, call: ObserveCall) -> Observation:
        seen: Observation = self._call(lambda: self.agent.observe(call))
        return seen

    def stop(self, controller: str, attempt_ids: Sequence[str]) -> None:
        self._call(lambda: self.agent.stop(controller, attempt_ids))

    def collect(self, controller: str, attempt_ids: Sequence[str]) -> Sequence[AttemptOutcome]:
        outcomes: Sequence[AttemptOutcome] = self._call(lambda: self.agent.collect(controller, attempt_ids))
        return outcomes

    def _call(self, call: Callable[[], Any]) -> Any:
        if not self.is_cut:
            result = call()
            if not self.is_cut:
                return result
        else:
            self.delayed.append(call)
        time.sleep(_AWAY_SECONDS)
        raise NodeAway("the link is cut")


class LoopbackCluster:
    """A `voxel51.runners.nodes.interface.Cluster` of such nodes."""

    problem: str | None = None

    def __init__(self, lease_seconds: float) -> None:
        self.refused: Mapping[str, str] = {}
        self._lease_seconds = lease_seconds
        self._nodes: dict[str, LoopbackNode] = {}
        self._changed: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def join(
        self,
        name: str,
        cpus: float = 2,
        gpus: float = 0,
        versions: Versions | None = None,
        refusal: str | None = None,
        memory_bytes: int = 0,
    ) -> LoopbackNode:
        """Let a node join."""
        total = Resources(cpus, gpus, memory_bytes)
        offer = Offer(name, versions or versions_here(""), total, "none", "no engine", refusal)
        node = LoopbackNode(offer, self._lease_seconds)
        with self._lock:
            self._nodes[name] = node
        self._changed()
        return node

    def leave(self, name: str) -> None:
        """Let a node vanish from the list."""
        with self._lock:
            del self._nodes[name]
        self._changed()

    def open(self, changed: Callable[[], object]) -> None:
        self._changed = changed

    def nodes(self) -> Mapping[str, Node]:
        with self._lock:
            return dict(self._nodes)

    def close(self) -> None:
        pass

    def close_agents(self) -> None:
        """Close the agents of all nodes."""
        for node in self._nodes.values():
            node.agent.close()
