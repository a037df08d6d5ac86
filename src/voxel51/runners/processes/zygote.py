"""Zygote control: start the zygote process and exchange messages with it over a socket pair.

The zygote is a command line, ``python -m voxel51.platform.zygote``, so that the server never imports the code that it
runs. The messages, one JSON object per line, are listed in that module.
"""

import json
import select
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

from voxel51.runners.sandbox.policy import SandboxPolicy

RECEIVE_BYTES = 65536
EXIT_TIMEOUT_SECONDS = 30.0
LOG_NAME = "zygote.log"
"""Name of the file, in the folder of a zygote, with what it prints."""


class LaunchMessage(TypedDict):
    """Message to the zygote: start a child for the attempt ``launch``."""

    launch: str
    request: str  # path of a file with a `LaunchRequest`
    wall_seconds: float


class ZygoteMessage(TypedDict):
    """Message of the zygote. The one of the first five keys that is present tells its kind."""

    loading: NotRequired[str]  # about to import this analytic, or to run its setup
    ready: NotRequired[bool]  # all analytics are imported
    started: NotRequired[str]  # attempt id, with `pid`
    refused: NotRequired[str]  # attempt id, with `reason`
    ended: NotRequired[str]  # attempt id, with everything below `reason`
    pid: NotRequired[int]
    reason: NotRequired[str]
    wait_status: NotRequired[int]
    ended_by: NotRequired[str | None]
    cpu_seconds: NotRequired[float]
    peak_memory_bytes: NotRequired[int]


class ZygoteProcess:
    """One zygote process, from its start to its exit.

    Args:
        interpreter: command that starts a Python with the analytics installed.
        mode: what a child becomes, see `voxel51.platform.zygote`.
        policy: sandbox of the children.
        names: analytics that it imports.
        folder: its working directory.
        environment: its variables.
        setup_memory_bytes: let it run ``setup()`` of the analytics too, in this much memory; None: only import them.

    Raises:
        OSError: the process could not be started.
    """

    def __init__(
        self,
        interpreter: Sequence[str],
        mode: str,
        policy: SandboxPolicy,
        names: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        modules: Sequence[str] = (),
        setup_memory_bytes: int | None = None,
    ) -> None:
        self._control, child_end = socket.socketpair()
        command = [*interpreter, "-P", "-m", "voxel51.platform.zygote"]
        command += ["--control", str(child_end.fileno()), "--mode", mode, "--policy", policy.to_json()]
        command += [part for module in modules for part in ("--module", module)]
        command += [] if setup_memory_bytes is None else ["--setup-memory-bytes", str(setup_memory_bytes)]
        command += ["--", *names]
        try:
            # This process closes its copy of the child's end: otherwise it would never see the connection close.
            with child_end, (folder / LOG_NAME).open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603  (the interpreter of the settings)
                    command,
                    pass_fds=[child_end.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=dict(environment),
                    cwd=folder,
                    start_new_session=True,
                )
        except OSError:
            self._control.close()
            raise
        self.pid = self._process.pid

    def launch(self, message: LaunchMessage) -> None:
        """Ask for a child."""
        self._send(message)

    def kill(self, attempt_id: str) -> None:
        """Ask to kill the child of an attempt, with every process that it started."""
        self._send({"end": attempt_id})

    def _send(self, message: Mapping[str, object]) -> None:
        try:
            self._control.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            # The zygote is dead. `messages` ends for the same reason, and its reader replaces the zygote.
            return

    def messages(self, time_limit: Callable[[], float | None]) -> Iterator[ZygoteMessage]:
        """Yield the messages of the zygote until it is dead.

        It is killed when it sends none for ``time_limit()`` seconds, which is asked before each wait; None: no limit.
        """
        received = b""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        while True:
            limit = time_limit()
            if limit is not None and not poll.poll(limit * 1000):
                self._process.kill()
            try:
                piece = self._control.recv(RECEIVE_BYTES)
            except OSError:
                piece = b""
            if not piece:
                return
            *lines, received = (received + piece).split(b"\n")
            yield from map(json.loads, lines)

    def disconnect(self) -> None:
        """Shut the socket down: the zygote then kills its children and exits, and `messages` ends."""
        try:
            self._control.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def reap(self) -> None:
        """Wait for the exit of the process, kill it if that takes too long, and release its resources."""
        self._control.close()
        try:
            self._process.wait(EXIT_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
