"""Ray cluster: the nodes of a Ray cluster, reached through a driver process that is started again when it ends."""

import itertools
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.nodes.interface import Node, NodeAway, Observation, ObserveCall, Offer, Refusal
from voxel51.runners.nodes.machine import NodeSettings
from voxel51.runners.ray.environment import ray_environment
from voxel51.runners.ray.membership import Member, Membership, NotJoined
from voxel51.runners.ray.messages import Call, Connect, Failed, Members, Reply
from voxel51.wire.backoff import Backoff

logger = logging.getLogger(__name__)

_CALL_SECONDS = 5.0
_OFFER_SECONDS = 120.0
"""Time in which an agent must start: it imports the analytics first."""

_START_SECONDS = 60.0
_BETWEEN_JOINS_SECONDS = 15.0
_BETWEEN_DRIVERS = Backoff(first_seconds=0.5, longest_seconds=5.0)


@dataclass(frozen=True, slots=True)
class RayAccess:
    """Access to a Ray cluster.

    Attributes:
        address: address of its head, ``HOST:PORT``.
        token: token of the cluster; every member has it.
        platform_id: identity of the platform.
    """

    address: str
    token: str
    platform_id: str


class RayCluster:
    """A `voxel51.runners.nodes.interface.Cluster` over Ray.

    Args:
        access: the cluster.
        settings: settings of the agents.
        member: as which this machine joins the cluster while it is connected; None if it is a member anyway.
    """

    def __init__(self, access: RayAccess, settings: NodeSettings, member: Member | None = None) -> None:
        self._access = access
        self._settings = settings
        self._lock = threading.Lock()  # guards the tables below
        self._numbers = itertools.count(1)
        self._calls: dict[int, Future[Any]] = {}
        self._nodes: dict[str, Node] = {}
        self._refused: Mapping[str, str] = {}
        self._connection: Connection | None = None
        self._sending = threading.Lock()
        self._problem: str | None = "the connection to Ray is being made"
        self._changed: Callable[[], object] = lambda: None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_driver, name="ray-cluster", daemon=True)
        self._membership = Membership(member) if member is not None else None
        self._member_thread = threading.Thread(target=self._keep_membership, name="ray-membership", daemon=True)

    def open(self, changed: Callable[[], object]) -> None:
        """Begin to connect; see `voxel51.runners.nodes.interface.Cluster.open`."""
        self._changed = changed
        self._thread.start()
        if self._membership is not None:
            self._member_thread.start()

    def nodes(self) -> Mapping[str, Node]:
        """Return the present nodes."""
        with self._lock:
            return dict(self._nodes)

    @property
    def problem(self) -> str | None:
        """Reason why the nodes are not known, as a phrase; None: they are."""
        return self._problem

    @property
    def refused(self) -> Mapping[str, str]:
        """Machines that cannot be used -> the reason."""
        return self._refused

    def close(self) -> None:
        """Disconnect."""
        self._closing.set()
        self._hang_up()
        if self._membership is not None:
            self._membership.stop()
        for thread in (self._thread, self._member_thread):
            if thread.is_alive():
                thread.join(_CALL_SECONDS)

    def call(self, node_id: str, verb: str, arguments: Sequence[object], seconds: float) -> Any:
        """Call a verb of a node and return its result.

        Raises:
            NodeAway: there was no answer within ``seconds``.
        """
        future: Future[Any] = Future()
        number = next(self._numbers)
        with self._lock:
            connection = self._connection
            if connection is None:
                raise NodeAway(self._problem or "Ray is away")
            self._calls[number] = future
        try:
            with self._sending:
                connection.send(Call(number, node_id, verb, arguments))
            return future.result(seconds)
        except FutureTimeoutError:
            raise NodeAway(f"it did not answer within {seconds:g} s") from None
        except NodeAway:
            raise
        except OSError as error:
            raise NodeAway(f"the connection to Ray was lost: {error}") from None
        finally:
            with self._lock:
                self._calls.pop(number, None)

    def _keep_membership(self) -> None:
        while self._membership is not None and not self._closing.is_set():
            try:
                self._membership.run(lambda: None)
            except (NotJoined, OSError) as error:
                logger.warning("this machine is not a member of the Ray cluster: %s", error)
                self._closing.wait(_BETWEEN_JOINS_SECONDS)

    # The driver, in a thread of its own.

    def _keep_driver(self) -> None:
        failures = 0
        while not self._closing.is_set():
            was_connected = self._run_driver()
            failures = 0 if was_connected else failures + 1
            self._closing.wait(_BETWEEN_DRIVERS.seconds(failures))

    def _run_driver(self) -> bool:
        """Run a driver until it ends; return whether it was connected to Ray."""
        own, its = socket.socketpair()
        with its:
            command = [sys.executable, "-P", "-m", "voxel51.runners.ray.driver", str(its.fileno())]
            environment = ray_environment(self._access.token)
            try:
                process = subprocess.Popen(  # noqa: S603
                    command, env=environment, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
                )
            except OSError as error:
                own.close()
                self._problem = f"the process for Ray could not be started: {error}"
                return False
        connection = Connection(own.detach())
        was_connected = False
        try:
            connection.send(Connect(self._access.address, self._access.platform_id, self._settings))
            with self._lock:
                self._connection = connection
            while True:
                was_connected |= self._apply(connection.recv())
        except (EOFError, OSError):
            pass
        finally:
            self._disconnect(process, connection)
        return was_connected

    def _apply(self, message: object) -> bool:
        match message:
            case Reply():
                with self._lock:
                    future = self._calls.pop(message.number, None)
                if future is not None and message.failure is None:
                    future.set_result(message.result)
                elif future is not None:
                    future.set_exception(NodeAway(message.failure or ""))
            case Members():
                with self._lock:
                    self._nodes = {
                        node_id: self._nodes.get(node_id) or RayNode(self, node_id) for node_id in message.addresses
                    }
                    self._refused, self._problem = message.refused, None
                self._changed()
                return True
            case Failed():
                self._problem = f"Ray at {self._access.address} cannot be used: {message.reason}"
                logger.warning("%s", self._problem)
        return False

    def _disconnect(self, process: "subprocess.Popen[bytes]", connection: Connection) -> None:
        with self._lock:
            self._connection = None
            self._nodes = {}
            calls, self._calls = list(self._calls.values()), {}
            self._problem = self._problem or "the connection to Ray was lost"
        for future in calls:
            future.set_exception(NodeAway("the connection to Ray was lost"))
        connection.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
        process.kill()
        process.wait()
        if not self._closing.is_set():
            self._changed()

    def _hang_up(self) -> None:
        with self._lock:
            connection = self._connection
        if connection is not None:
            # Ends the read of the other thread, which closes the connection.
            with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
                duplicate.shutdown(socket.SHUT_RDWR)


class RayNode:
    """A `voxel51.runners.nodes.interface.Node` of a Ray cluster."""

    def __init__(self, cluster: RayCluster, node_id: str) -> None:
        self._cluster = cluster
        self._node_id = node_id

    def offer(self) -> Offer:
        """Return what the node has."""
        offer: Offer = self._cluster.call(self._node_id, "offer", (), _OFFER_SECONDS)
        return offer

    def start(self, controller: str, epoch: str, launches: Sequence[LaunchSpec]) -> Mapping[str, Refusal]:
        """Start attempts."""
        arguments = (controller, epoch, tuple(launches))
        refusals: Mapping[str, Refusal] = self._cluster.call(self._node_id, "start", arguments, _START_SECONDS)
        return refusals

    def observe(self, call: ObserveCall) -> Observation:
        """Return the state of the node."""
        seconds = call.wait_seconds + _CALL_SECONDS
        observation: Observation = self._cluster.call(self._node_id, "observe", (call,), seconds)
        return observation

    def stop(self, controller: str, attempt_ids: Sequence[str]) -> None:
        """Kill attempts."""
        self._cluster.call(self._node_id, "stop", (controller, tuple(attempt_ids)), _CALL_SECONDS)

    def collect(self, controller: str, attempt_ids: Sequence[str]) -> Sequence[AttemptOutcome]:
        """Return outcomes."""
        arguments = (controller, tuple(attempt_ids))
        outcomes: Sequence[AttemptOutcome] = self._cluster.call(self._node_id, "collect", arguments, _CALL_SECONDS)
        return outcomes
