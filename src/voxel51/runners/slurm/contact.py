"""Contact: agents of Slurm jobs connect to the platform, which then calls their verbs."""

import hmac
import logging
import pickle
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

import msgspec

from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.nodes.interface import NodeAway, Observation, ObserveCall, Offer, Refusal
from voxel51.runners.slurm.channel import Channel, server_context
from voxel51.runners.slurm.messages import RESULTS, Call, Farewell, Hello, Reply, Welcome

logger = logging.getLogger(__name__)

_CALL_SECONDS = 5.0
_OFFER_SECONDS = 120.0
"""Time in which an agent must answer first: it examines the sandbox of its machine."""

_START_SECONDS = 60.0
_HELLO_BYTES = 16 * 1024


class Host(Protocol):
    """Decides which agents are expected."""

    def greet(self, hello: Hello) -> Welcome | Farewell:
        """Return the reply to an agent, whose token is that of the platform."""

    def connected(self, hello: Hello, channel: Channel) -> None:
        """Take the connection of an agent that was welcomed."""


class AgentConnection:
    """A `voxel51.runners.nodes.interface.Node`: the agent in a Slurm job, by its present connection.

    Calls are made one after the other, in the order in which they begin. So a call to stop waits for the present
    observation, about a second at most, and not for the next ones.
    """

    def __init__(self) -> None:
        self._next = threading.Lock()
        self._using = threading.Lock()
        self._channel: Channel | None = None
        self._was_observed = False

    @property
    def is_connected(self) -> bool:
        """Whether the last call was answered, or none was made yet."""
        return self._channel is not None

    def connect(self, channel: Channel) -> None:
        """Use this connection from now on."""
        before, self._channel = self._channel, channel
        if before is not None:
            before.close()

    def leave(self, reason: str) -> None:
        """Tell the agent to end, if it is connected, and close the connection."""
        channel, self._channel = self._channel, None
        if channel is None:
            return
        with self._next, self._using, suppress(OSError):
            channel.send(pickle.dumps(Farewell(reason)), _CALL_SECONDS)
        channel.close()

    def offer(self) -> Offer:
        """Return what the Slurm job has."""
        offer: Offer = self._call("offer", (), _OFFER_SECONDS)
        return offer

    def start(self, controller: str, epoch: str, launches: Sequence[LaunchSpec]) -> Mapping[str, Refusal]:
        """Start the attempt."""
        refusals: dict[str, Refusal] = self._call("start", (controller, epoch, tuple(launches)), _START_SECONDS)
        return refusals

    def observe(self, call: ObserveCall) -> Observation:
        """Return the state of the attempt."""
        # The first one opens the lease, for which the start waits.
        wait_seconds = call.wait_seconds if self._was_observed else 0.0
        own = replace(call, wait_seconds=wait_seconds)
        observation: Observation = self._call("observe", (own,), wait_seconds + _CALL_SECONDS)
        self._was_observed = True
        return observation

    def stop(self, controller: str, attempt_ids: Sequence[str]) -> None:
        """Kill the attempt."""
        self._call("stop", (controller, tuple(attempt_ids)), _CALL_SECONDS)

    def collect(self, controller: str, attempt_ids: Sequence[str]) -> Sequence[AttemptOutcome]:
        """Return the outcome."""
        outcomes: list[AttemptOutcome] = self._call("collect", (controller, tuple(attempt_ids)), _CALL_SECONDS)
        return outcomes

    def _call(self, verb: str, arguments: Sequence[object], seconds: float) -> Any:
        # Locks are not fair: without the first one, a thread that calls in a loop would keep the others waiting.
        with self._next:
            self._using.acquire()
        try:
            reply = self._exchange(self._channel, Call(verb, arguments), seconds)
        finally:
            self._using.release()
        if reply.failure is not None:
            raise NodeAway(reply.failure)
        return msgspec.msgpack.decode(reply.result, type=RESULTS[verb])

    def _exchange(self, channel: Channel | None, call: Call, seconds: float) -> Reply:
        if channel is None:
            raise NodeAway("it is not connected")
        try:
            channel.send(pickle.dumps(call), _CALL_SECONDS)
            return msgspec.msgpack.decode(channel.receive(seconds), type=Reply)
        except (OSError, msgspec.MsgspecError) as error:
            channel.close()
            if self._channel is channel:
                self._channel = None
            raise NodeAway(f"the connection was lost: {error}") from None


class ContactListener:
    """Listens for agents.

    Args:
        host: address to listen on, which the nodes use too.
        port: port to listen on; 0: any free one.
        token: the token that agents must have.
    """

    def __init__(self, host: str, port: int, token: str) -> None:
        self._wanted = (host, port)
        self._token = token
        self._context: ssl.SSLContext | None = None
        self._socket: socket.socket | None = None
        self.fingerprint = ""
        self.address = ""

    def open(self, host: Host) -> None:
        """Begin to listen.

        Raises:
            OSError: the address cannot be used.
        """
        self._context, self.fingerprint = server_context()
        name, port = self._wanted
        family = socket.AF_INET6 if ":" in name else socket.AF_INET
        self._socket = socket.create_server((name, port), family=family, backlog=512)
        self.address = f"{name}:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept_all, args=(self._socket, host), name="slurm-accept", daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # ends the wait of the other thread
            self._socket.close()

    def _accept_all(self, listening: socket.socket, host: Host) -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                if listening.fileno() < 0:
                    return
                logger.warning("a connection of a Slurm job could not be accepted", exc_info=True)
                threading.Event().wait(1.0)
                continue
            threading.Thread(target=self._greet, args=(plain, host), name="slurm-greet", daemon=True).start()

    def _greet(self, plain: socket.socket, host: Host) -> None:
        try:
            self._exchange(plain, host)
        except (OSError, msgspec.MsgspecError) as error:
            logger.info("a connection to the address for Slurm jobs was closed: %s", error)
            plain.close()

    def _exchange(self, plain: socket.socket, host: Host) -> None:
        if self._context is None:
            raise OSError("the listener is closed")
        plain.settimeout(_CALL_SECONDS)
        channel = Channel(self._context.wrap_socket(plain, server_side=True))
        is_welcome = False
        try:
            hello = msgspec.msgpack.decode(channel.receive(_CALL_SECONDS, _HELLO_BYTES), type=Hello)
            has_token = hmac.compare_digest(hello.token.encode(), self._token.encode())
            reply = host.greet(hello) if has_token else Farewell("its token is not the platform's")
            channel.send(pickle.dumps(reply), _CALL_SECONDS)
            is_welcome = isinstance(reply, Welcome)
        finally:
            if not is_welcome:
                channel.close()
        if is_welcome:
            host.connected(hello, channel)
