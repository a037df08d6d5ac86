"""Platform process: start the platform with the installed command, wait until it is ready, stop it.

The demo, the tests and the benchmarks use it.
"""

import json
import os
import signal
import subprocess
import sysconfig
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

START_LIMIT_SECONDS = 300.0
STOP_LIMIT_SECONDS = 300.0
POLL_SECONDS = 0.02

COMMAND = Path(sysconfig.get_path("scripts")) / "voxel51"
"""The installed command, beside the interpreter that runs this."""


class PlatformDied(Exception):
    """The platform exited, or did not start. The text contains the end of its output."""


class PlatformProcess:
    """``voxel51 server start`` with its data in ``folder``, on a free loopback port.

    A context manager: entering starts it, leaving stops it by SIGTERM. It may be started again after it ended, and then
    answers at the same address.

    Attributes:
        folder: the data folder.
        log: the output of the process, of all starts in sequence.
        url: the address of the platform, without ``/v1``; set by `start`.
        environment: the variables of the process and of its commands.
    """

    def __init__(
        self, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, port: int = 0
    ) -> None:
        self.folder = folder
        self.log = folder.with_name(folder.name + ".log")
        self.url = ""
        self._port = port
        self._arguments = arguments
        self.environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None, "the platform has not been started"
        return self._process.pid

    def start(self) -> None:
        """Start the platform and return once it accepts requests.

        Raises:
            PlatformDied: it exited, or was not ready within `START_LIMIT_SECONDS`; no process is left.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C on the terminal reaches only the parent, which then stops this process.
            self._process = subprocess.Popen(
                [COMMAND, "server", "start", "--dir", self.folder, "--port", str(self._port), *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )
        try:
            self.url = self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        self._port = urlsplit(self.url).port or self._port

    def stop(self) -> int:
        """Stop the platform with SIGTERM, wait for its end, and return its exit code.

        Raises:
            PlatformDied: it was still running after `STOP_LIMIT_SECONDS`, and has been killed.
        """
        assert self._process is not None, "the platform has not been started"
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_LIMIT_SECONDS)
        except KeyboardInterrupt:
            self.kill()
            raise
        except subprocess.TimeoutExpired:
            self.kill()
            raise PlatformDied(
                f"the platform did not exit within {STOP_LIMIT_SECONDS:.0f} s of SIGTERM:\n{self.tail()}"
            ) from None

    def kill(self) -> None:
        """Kill the platform with SIGKILL and wait for its end. Do nothing if it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def is_running(self) -> bool:
        """Return whether the process is running."""
        return self._process is not None and self._process.poll() is None

    def create_user(self, name: str, token: Path) -> Path:
        """Create a user with the command line; write the token file to ``token`` and return that path."""
        self.run_command("server", "user", "create", name, "--no-password", "--token", str(token))
        return token

    def run_command(self, *arguments: str) -> str:
        """Run ``voxel51 … --dir <the data folder>`` and return its standard output.

        Raises:
            PlatformDied: the command failed; the text contains its standard error.
        """
        done = subprocess.run(
            [COMMAND, *arguments, "--dir", str(self.folder)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            check=False,
        )
        if done.returncode != 0:
            raise PlatformDied(f"`voxel51 {' '.join(arguments)}` failed with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def tail(self, lines: int = 30) -> str:
        """Return the last lines of the output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _wait_until_ready(self) -> str:
        assert self._process is not None
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise PlatformDied(
                    f"the platform exited with {self._process.returncode} while starting:\n{self.tail()}"
                )
            if url := self._announced_url():
                return url
            time.sleep(POLL_SECONDS)
        raise PlatformDied(f"the platform was not ready within {START_LIMIT_SECONDS:.0f} s:\n{self.tail()}")

    def _announced_url(self) -> str | None:
        """Return the address in ``server.json`` if this process wrote it: a killed process leaves its file behind."""
        try:
            announced = json.loads((self.folder / "server.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return str(announced["url"]) if announced["pid"] == self.pid else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_running():
            self.stop()
