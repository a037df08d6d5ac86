"""Container networks: each is a loopback interface with one address, from which connections reach the platform.

A holder container, which only waits, keeps a network in being. A relay process of this platform listens in it before
any container joins, so the first connection of an image never comes too early. Docker and Podman both let a container
join the network of another one. Networks are reused: what a container can leave in one ends with its processes.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from voxel51.runners.containers.engine import ContainerEngine
from voxel51.runners.containers.holder_image import PROGRAM, holder_archive
from voxel51.runners.containers.relay import READY
from voxel51.runners.network_permission import NetworkPermission
from voxel51.runners.sandbox.doors import Doors
from voxel51.runners.sandbox.network import JobAddress

_HOLDER_MEMORY_BYTES = 16 << 20
_HOLDER_PROCESSES = 8
_CLOSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ContainerNetwork:
    """Network that a container can join.

    Attributes:
        holder: id of the container that keeps it in being.
        url: the address that it was made for.
        hosts_file: content of ``/etc/hosts`` of a container that joins. Podman gives it the names of the machine
            instead of those of the holder.
        is_reusable: whether another container may have it afterwards: it reaches only the platform.
    """

    holder: str
    url: str
    relay: subprocess.Popen[bytes]
    hosts_file: str
    is_reusable: bool

    @property
    def mode(self) -> str:
        """The network mode of a container that joins."""
        return f"container:{self.holder}"

    @property
    def is_usable(self) -> bool:
        """Whether connections still reach the platform."""
        return self.relay.poll() is None

    def notes(self) -> bytes:
        """Return what the relay has noted for the log of the job since the last call."""
        assert self.relay.stderr is not None  # noqa: S101  (it is a pipe)
        os.set_blocking(self.relay.stderr.fileno(), False)
        return self.relay.stderr.read() or b""


class ContainerNetworks:
    """The networks of one runner.

    Args:
        engine: the engine that runs the holders.
        labels: labels of the holders.
        has_internet: let containers reach other hosts as well, by the engine's usual network.
        user_namespace: user namespace of the holders, as the engine names it; None for its default.
    """

    def __init__(
        self,
        engine: ContainerEngine,
        labels: Mapping[str, str],
        *,
        has_internet: bool = False,
        user_namespace: str | None = None,
    ) -> None:
        self._engine = engine
        self._labels = dict(labels)
        self._has_internet = has_internet
        self._mode = "bridge" if has_internet else "none"
        self._user_namespace = user_namespace
        self._lock = threading.Lock()
        self._image: str | None = None
        self._idle: list[ContainerNetwork] = []
        self._all: list[ContainerNetwork] = []

    def acquire(self, url: str, permission: NetworkPermission | None = None) -> ContainerNetwork:
        """Return a network that no container uses, in which ``url`` reaches the platform.

        One with a ``permission`` is made for one container, and reaches those hosts as well.

        Raises:
            OSError: the engine refused, or the network of a container cannot be entered.
        """
        if permission is not None and not self._has_internet:
            return self._create(url, permission)
        with self._lock:
            found = next((each for each in self._idle if each.url == url), None)
            if found is not None:
                self._idle.remove(found)
        if found is not None and found.is_usable:
            return found
        if found is not None:
            self.discard(found)
        return self._create(url, None)

    def release(self, network: ContainerNetwork) -> None:
        """Keep a network, whose container is gone, for the next one, if it may be used again.

        If `close` was called meanwhile, it does not exist any more.
        """
        if not network.is_reusable:
            self.discard(network)
            return
        with self._lock:
            if network in self._all:
                self._idle.append(network)

    def discard(self, network: ContainerNetwork) -> None:
        """Remove a network."""
        with self._lock:
            for networks in (self._idle, self._all):
                with suppress(ValueError):
                    networks.remove(network)
        _end(network.relay)
        self._engine.remove(network.holder)

    def close(self) -> None:
        """Remove all networks. Those of an engine that has restarted do not work any more."""
        for network in list(self._all):
            with suppress(OSError):  # the next start of the platform removes the holder
                self.discard(network)

    def _create(self, url: str, permission: NetworkPermission | None) -> ContainerNetwork:
        hosts_file = Doors(JobAddress.of(url), permission).hosts_file
        holder = self._start_holder()
        try:
            pid = self._engine.inspect(holder)["State"]["Pid"]
            relay = _start_relay(pid, url, permission)
            network = ContainerNetwork(holder, url, relay, hosts_file, is_reusable=permission is None)
        except OSError:
            self._engine.remove(holder)
            raise
        with self._lock:
            self._all.append(network)
        return network

    def _start_holder(self) -> str:
        with self._lock:
            if self._image is None:
                self._image = self._engine.import_root(holder_archive(), PROGRAM)
        host = {
            "network_mode": self._mode,
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "read_only": True,
            "mem_limit": _HOLDER_MEMORY_BYTES,
            "pids_limit": _HOLDER_PROCESSES,
            "log_driver": "none",
            "userns_mode": self._user_namespace,
        }
        holder = self._engine.create(self._image, host, command=[PROGRAM], labels=self._labels)
        try:
            self._engine.start(holder)
        except OSError:
            self._engine.remove(holder)
            raise
        return holder


def _start_relay(pid: int, url: str, permission: NetworkPermission | None) -> subprocess.Popen[bytes]:
    allowed = json.dumps(None if permission is None else permission.to_document())
    command = [sys.executable, "-I", "-m", "voxel51.runners.containers.relay", str(pid), url, allowed]
    relay = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603
    assert relay.stdout is not None and relay.stderr is not None  # noqa: S101  (they are pipes)
    if relay.stdout.readline() != READY:
        reason = relay.stderr.read().decode(errors="replace").strip().splitlines() or ["it ended at once"]
        _end(relay)
        raise OSError(f"the platform cannot enter the network of a container: {reason[-1]}")
    return relay


def _end(relay: subprocess.Popen[bytes]) -> None:
    for pipe in (relay.stdin, relay.stdout, relay.stderr):
        if pipe is not None:
            pipe.close()
    try:
        relay.wait(_CLOSE_SECONDS)
    except subprocess.TimeoutExpired:
        relay.kill()
        relay.wait()
