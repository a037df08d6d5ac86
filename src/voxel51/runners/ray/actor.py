"""Agent actor: the agent of a node, in a process that Ray starts there.

The actor belongs to no process of the platform, so several may use it, and it outlives each. It ends by itself when
none has observed it for a while.
"""

import os
import threading
import time
from collections.abc import Mapping, Sequence

from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.nodes.interface import Observation, ObserveCall, Offer, Refusal
from voxel51.runners.nodes.machine import NodeSettings, open_agent
from voxel51.runners.nodes.refusals import versions_here
from voxel51.runners.ray.versions import ray_version
from voxel51.runners.resources import Resources

IDLE_SECONDS = 600.0
"""Time without any observation after which an agent ends."""


class AgentActor:
    """The verbs of `voxel51.runners.nodes.interface.Node`, as methods of an actor.

    Args:
        settings: settings of the platform.
        name: name of the actor.
        total: resources of the node, as Ray knows them.
    """

    def __init__(self, settings: NodeSettings, name: str, total: Resources) -> None:
        self._observed_at = time.monotonic()
        self._agent = open_agent(settings, name, versions_here(ray_version()), total)
        threading.Thread(target=self._end_when_unused, name="agent-idle", daemon=True).start()

    def offer(self) -> Offer:
        """Return what the node has."""
        return self._agent.offer()

    def start(self, controller: str, epoch: str, launches: Sequence[LaunchSpec]) -> Mapping[str, Refusal]:
        """Start attempts."""
        return self._agent.start(controller, epoch, launches)

    def observe(self, call: ObserveCall) -> Observation:
        """Return the state of the node."""
        self._observed_at = time.monotonic()
        return self._agent.observe(call)

    def stop(self, controller: str, attempt_ids: Sequence[str]) -> None:
        """Kill attempts."""
        self._agent.stop(controller, attempt_ids)

    def collect(self, controller: str, attempt_ids: Sequence[str]) -> Sequence[AttemptOutcome]:
        """Return outcomes."""
        return self._agent.collect(controller, attempt_ids)

    def _end_when_unused(self) -> None:
        while time.monotonic() - self._observed_at < IDLE_SECONDS:
            time.sleep(IDLE_SECONDS / 20)
        self._agent.close()
        os._exit(0)
