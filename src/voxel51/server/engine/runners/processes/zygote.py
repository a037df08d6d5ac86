"""The other end of a zygote: a process started by command line that forks jobs' children when told.

What is said on the socket between the two is listed in `voxel51.platform.zygote`, which this side never imports.
"""

import json
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

RECEIVED_BYTES = 65536
LEAVING_SECONDS = 30.0


class ZygoteProcess:
    """One zygote process, from its start to its death.

    Raises:
        OSError: it could not be started.
    """

    def __init__(
        self, interpreter: Sequence[str], mode: str, names: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        self._control, theirs = socket.socketpair()
        command = [*interpreter, "-P", "-m", "voxel51.platform.zygote"]
        command += ["--control", str(theirs.fileno()), "--mode", mode, "--", *names]
        try:
            with theirs, (folder / "zygote.log").open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603  (the interpreter of the settings)
                    command,
                    pass_fds=[theirs.fileno()],
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

    def say(self, message: Mapping[str, Any]) -> None:
        """Tell it something. One that is dead hears nothing, which `messages` shows by its end."""
        try:
            self._control.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it says, until it is dead."""
        received = b""
        while True:
            try:
                piece = self._control.recv(RECEIVED_BYTES)
            except OSError:
                piece = b""
            if not piece:
                return
            *lines, received = (received + piece).split(b"\n")
            yield from map(json.loads, lines)

    def hang_up(self) -> None:
        """Close this side, so that it ends its children and goes; `messages` ends then."""
        try:
            self._control.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def bury(self) -> None:
        """Wait for its death, hastened if need be, and release what it took."""
        self._control.close()
        try:
            self._process.wait(LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
