"""Ray driver: a process that is connected to Ray, keeps an agent on each node, and passes calls on to the agents.

It is a process of its own because Ray ends a process whose cluster is away for a minute, and takes 0.5 GB of memory.
Run by ``python -m voxel51.runners.ray.driver DESCRIPTOR``, where the descriptor is a socket to the platform. It ends
when that socket is closed.
"""

import asyncio
import hashlib
import json
import logging
import os
import pickle
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any

from ray.experimental.internal_kv import _internal_kv_put
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

import ray
from voxel51.runners.nodes.refusals import versions_here
from voxel51.runners.ray.actor import AgentActor
from voxel51.runners.ray.messages import Call, Connect, Failed, Members, Reply
from voxel51.runners.ray.versions import NAMESPACE, VERSIONS_KEY, ray_version
from voxel51.runners.resources import Resources

logger = logging.getLogger(__name__)

_NODES_SECONDS = 1.0
_CONCURRENT_CALLS = 32
"""Calls that one agent serves at the same time."""


class Driver:
    """The driver, connected to Ray."""

    def __init__(self, connection: Connection, wanted: Connect) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._wanted = wanted
        # Agents of other settings or another version are others; they end when no platform observes them.
        fingerprint = pickle.dumps((wanted.settings, versions_here(ray_version())))
        self._name = f"{wanted.platform_id}-{hashlib.sha256(fingerprint).hexdigest()[:12]}"
        self._agents: dict[str, Any] = {}  # actor handles by id of the node
        self._refused: dict[str, str] = {}
        self._sent: Members | None = None

    async def run(self) -> None:
        """Serve until the platform closes the connection."""
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        calls: set[asyncio.Task[None]] = set()

        def begin(call: Call) -> None:
            task = loop.create_task(self._answer(call))
            calls.add(task)
            task.add_done_callback(calls.discard)

        def read() -> None:
            try:
                while True:
                    loop.call_soon_threadsafe(begin, self._connection.recv())
            except (EOFError, OSError):
                loop.call_soon_threadsafe(done.set)

        threading.Thread(target=read, name="platform", daemon=True).start()
        while not done.is_set():
            await asyncio.to_thread(self._follow_nodes)
            try:
                await asyncio.wait_for(done.wait(), _NODES_SECONDS)
            except TimeoutError:
                continue

    def send(self, message: object) -> None:
        """Send a message to the platform."""
        with self._sending:
            self._connection.send(message)

    async def _answer(self, call: Call) -> None:
        agent = self._agents.get(call.node_id)
        if agent is None:
            reply = Reply(call.number, None, "the node has left the cluster")
        else:
            try:
                reply = Reply(call.number, await getattr(agent, call.verb).remote(*call.arguments), None)
            except Exception as error:
                reply = Reply(call.number, None, _reason(error))
                if isinstance(error, ray.exceptions.ActorDiedError):
                    self._refused[call.node_id] = f"its agent ended: {reply.failure}"
                    self._agents.pop(call.node_id, None)  # the next look at the nodes starts another one
        try:
            self.send(reply)
        except OSError:
            return  # the platform has ended

    def _follow_nodes(self) -> None:
        """Keep an agent on every living node that has processors."""
        listed: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        nodes = {node["NodeID"]: node for node in listed if node["Alive"] and node["Resources"].get("CPU")}
        for node_id in self._agents.keys() - nodes.keys():
            del self._agents[node_id]
        for node_id, node in nodes.items():
            if node_id not in self._agents:
                self._agents[node_id] = self._agent(node_id, node["Resources"])
        refused = {nodes[each]["NodeManagerAddress"]: why for each, why in self._refused.items() if each in nodes}
        members = Members({each: nodes[each]["NodeManagerAddress"] for each in self._agents}, refused)
        if members != self._sent:
            self.send(members)
            self._sent = members

    def _agent(self, node_id: str, resources: Mapping[str, float]) -> Any:
        name = f"{self._name}-{node_id}"
        total = Resources(resources.get("CPU", 0.0), resources.get("GPU", 0.0), int(resources.get("memory", 0)))
        remote = ray.remote(AgentActor).options(
            name=name,
            get_if_exists=True,
            lifetime="detached",
            num_cpus=0,
            max_concurrency=_CONCURRENT_CALLS,
            max_restarts=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
        )
        return remote.remote(self._wanted.settings, name, total)


def _own_address(address: str) -> str | None:
    """Return the host of an address if it is this machine; None if it is another one."""
    host = address.rpartition(":")[0].strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return None
    return host


def _reason(error: Exception) -> str:
    """Return the last line of an error of Ray, which are long."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else 'no reason was given'}"[:500]


def main() -> None:
    """Connect to Ray, and serve the platform."""
    logging.basicConfig(format="ray driver: %(message)s", level=logging.WARNING, stream=sys.stderr)
    connection = Connection(int(sys.argv[1]))
    wanted: Connect = connection.recv()
    try:
        ray.init(
            address=wanted.address,
            namespace=NAMESPACE,
            log_to_driver=False,
            configure_logging=False,
            # A machine with several addresses may be a member of the cluster by another one than Ray would guess.
            _node_ip_address=_own_address(wanted.address),
        )
    except Exception as error:
        connection.send(Failed(_reason(error)))
        return
    _internal_kv_put(VERSIONS_KEY, json.dumps(asdict(versions_here(ray_version()))).encode(), namespace=NAMESPACE)
    driver = Driver(connection, wanted)
    try:
        asyncio.run(driver.run())
    except Exception as error:
        logger.exception("the connection to Ray failed")
        driver.send(Failed(_reason(error)))
    os._exit(0)  # the platform has ended, or Ray has: nothing needs to be said to either


if __name__ == "__main__":
    main()
