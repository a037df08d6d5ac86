"""Machines: network namespaces on a bridge, each with an address of its own, whose links can be cut."""

import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from support.requirements import skip_except_in_ci
from support.waiting import LIMIT_SECONDS

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Machine:
    """A namespace. ``link`` is its end of the link on the bridge."""

    name: str
    address: str
    link: str

    def command(self, *arguments: str | Path) -> list[str]:
        """Return a command that runs inside."""
        return ["ip", "netns", "exec", self.name, *map(str, arguments)]

    def cut(self) -> None:
        """Cut the link, silently, in both directions."""
        _ip("link", "set", self.link, "down")

    def heal(self) -> None:
        """Mend the link."""
        _ip("link", "set", self.link, "up")

    def pids(self) -> list[int]:
        """Return the processes inside, also those that have network namespaces of their own below."""
        done = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=False)
        return [int(each) for each in done.stdout.split()]

    def unplug(self) -> None:
        """Kill all processes inside at once, as a power cut would."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while pids := self.pids():
            assert time.monotonic() < deadline, f"processes of {self.name} did not die: {pids}"
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


class Switch:
    """A bridge with the machines on it. This machine has the address ``address``."""

    def __init__(self, number: int) -> None:
        self._id = f"{os.getpid() % 100000}x{number}"
        self._bridge = f"b{self._id}"
        self._prefix = f"10.{90 + number % 100}.{os.getpid() % 250}"
        self.address = f"{self._prefix}.1"
        self._machines: list[Machine] = []

    def start(self) -> None:
        """Make the bridge."""
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("addr", "add", f"{self.address}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")

    def machine(self) -> Machine:
        """Return a new machine, connected."""
        number = len(self._machines) + 2
        machine = Machine(f"n{self._id}-{number}", f"{self._prefix}.{number}", f"v{self._id}-{number}")
        _ip("netns", "add", machine.name)
        self._machines.append(machine)
        _ip("link", "add", machine.link, "type", "veth", "peer", "name", "eth0", "netns", machine.name)
        _ip("link", "set", machine.link, "master", self._bridge, "up")
        for arguments in (("addr", "add", f"{machine.address}/24", "dev", "eth0"), ("link", "set", "eth0", "up"),
                          ("link", "set", "lo", "up"), ("route", "add", "default", "via", self.address)):  # fmt: skip
            _ip("-n", machine.name, *arguments)
        return machine

    def stop(self) -> None:
        """Kill all processes of the machines, and remove them."""
        for machine in self._machines:
            machine.unplug()
            _ip("netns", "del", machine.name)
        _ip("link", "del", self._bridge)


@contextmanager
def new_switch() -> Iterator[Switch]:
    """Make a bridge for the block; skip the test where that is not possible, and in CI fail it."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        skip_except_in_ci("network namespaces with links need root and the package iproute2")
    switch = Switch(next(_NUMBERS))
    try:
        switch.start()
        yield switch
    finally:
        switch.stop()


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
