"""Membership: join this machine to a Ray cluster, keep it there, and let it leave.

A member is a process that supervises ``ray start --block``. If Ray ends because its head was away, the machine joins
again. Leaving is a file, which the agents of the machine see.
"""

import json
import logging
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners.nodes.interface import Versions
from voxel51.runners.nodes.machine import DRAINING_FILE, FOLDER_VARIABLE, attempts_on
from voxel51.runners.nodes.refusals import refusal_of, versions_here
from voxel51.runners.orphan_processes import started_at
from voxel51.runners.ray.environment import ray_environment
from voxel51.runners.ray.versions import NO_ANSWER, WRONG_TOKEN, ray_version
from voxel51.wire.backoff import Backoff

logger = logging.getLogger(__name__)

DEFAULT_PORT = 6379
_PID_FILE = "worker.pid"
_EXAMINATION_SECONDS = 120.0
_JOIN_SECONDS = 120.0
_BETWEEN_STARTS = Backoff(first_seconds=1.0, longest_seconds=15.0)
_BETWEEN_QUESTIONS = Backoff(first_seconds=1.0, longest_seconds=5.0)
_SETTLED_SECONDS = 30.0
_POLL_SECONDS = 0.2
_STOP_SECONDS = 60.0
_START_SECONDS = "90"
"""Time in which Ray must start; by default it gives up after 30 s, which a busy machine takes."""

_STORE_BYTES = 128 * 1024**2
"""Size of Ray's object store, which carries only launches and outcomes."""


class NotJoined(RuntimeError):
    """This machine cannot join the cluster. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Member:
    """Member of a cluster.

    Attributes:
        address: ``HOST:PORT`` of the head; of this machine, if it is the head.
        token: token of the cluster.
        folder: folder of this member.
        is_head: whether it is the head.
        own_address: address at which others reach this machine; empty: Ray finds it out.
        cpus: slots for jobs; None: one per processor.
        gpus: GPUs; None: as many as Ray finds.
        options: further arguments of ``ray start``, such as ports.
    """

    address: str
    token: str
    folder: Path
    is_head: bool = False
    own_address: str = ""
    cpus: int | None = None
    gpus: int | None = None
    options: Sequence[str] = ()


class Membership:
    """The membership of this machine."""

    def __init__(self, member: Member) -> None:
        if not ray_version():
            raise NotJoined("Ray is not installed. Install it: pip install 'voxel51-platform[ray]'")
        self._member = member
        self._stopping = threading.Event()

    def run(self, accepted: Callable[[], object]) -> None:
        """Join, and stay until `stop`. Call ``accepted`` when the head has accepted this machine.

        Raises:
            NotJoined: the head refuses this machine, or did not answer at first.
        """
        folder = self._member.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / DRAINING_FILE).unlink(missing_ok=True)
        pid_file = folder / _PID_FILE
        pid_file.write_text(str(os.getpid()))
        try:
            if not self._member.is_head:
                self._await_head(_JOIN_SECONDS)
            if not self._stopping.is_set():
                accepted()
            self._stay()
        finally:
            pid_file.unlink(missing_ok=True)

    def stop(self) -> None:
        """Leave at once; jobs that run here run again elsewhere. Safe in a signal handler."""
        self._stopping.set()

    def _await_head(self, longest_seconds: float = math.inf) -> None:
        """Wait until the head answers. It may be another one than before, with other versions.

        Raises:
            NotJoined: it refuses this machine, or did not answer for so long.
        """
        deadline, failures = time.monotonic() + longest_seconds, 0
        limit = f" for {longest_seconds:g} s" if longest_seconds < math.inf else ""
        while not self._stopping.is_set():
            try:
                check_versions(self._member)
            except NoAnswer as error:
                if time.monotonic() > deadline:
                    raise
                if failures == 0:
                    logger.warning("%s. Trying again%s", error, limit)
                self._stopping.wait(_BETWEEN_QUESTIONS.seconds(failures))
                failures += 1
            else:
                return

    def _stay(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            code = self._run_ray()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - started > _SETTLED_SECONDS else failures + 1
            pause = _BETWEEN_STARTS.seconds(failures)
            logger.warning("Ray ended with %d; joining again in %g s", code, pause)
            self._stopping.wait(pause)
            if not self._member.is_head:
                self._await_head()

    def _run_ray(self) -> int:
        """Run Ray until it ends, or this machine leaves; return its exit code."""
        own = {FOLDER_VARIABLE: str(self._member.folder.absolute()), "RAY_raylet_start_wait_time_s": _START_SECONDS}
        environment = ray_environment(self._member.token) | own
        with (self._member.folder / "ray.log").open("ab") as log:
            # A session of its own, so that Ctrl-C reaches this process alone, which then ends Ray in order.
            process = subprocess.Popen(  # noqa: S603
                self._command(), env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            try:
                while process.poll() is None and not self._stopping.is_set():
                    self._stopping.wait(_POLL_SECONDS)
            finally:
                _end(process)
        return process.returncode

    def _command(self) -> list[str]:
        member = self._member
        host, _, port = member.address.rpartition(":")
        own = member.own_address or (_resolved(host) if member.is_head else "")
        command = [sys.executable, "-P", "-m", "voxel51.runners.ray.start", str(os.getpid())]
        command += ["--block", "--disable-usage-stats", "--include-log-monitor", "false"]
        command += ["--head", "--port", port, "--include-dashboard", "false"] if member.is_head else []
        command += [] if member.is_head else ["--address", member.address]
        command += ["--node-ip-address", own] if own else []
        command += ["--object-store-memory", str(_STORE_BYTES)]
        command += ["--num-cpus", str(member.cpus)] if member.cpus is not None else []
        command += ["--num-gpus", str(member.gpus)] if member.gpus is not None else []
        return [*command, *member.options]


def _resolved(host: str) -> str:
    """Return the address of a host by its name, which Ray does not accept for the head itself."""
    try:
        return str(socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError:
        return host  # Ray names it in its error


class NoAnswer(NotJoined):
    """The head of the cluster does not answer."""


def check_versions(member: Member) -> None:
    """Check that the head accepts the token, and that this machine has the versions of the platform.

    Raises:
        NotJoined: it does not.
    """
    command = [sys.executable, "-P", "-m", "voxel51.runners.ray.examination", member.address]
    environment = ray_environment(member.token)
    try:
        done = subprocess.run(  # noqa: S603
            command, env=environment, capture_output=True, text=True, timeout=_EXAMINATION_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"{member.address} does not answer") from None
    if done.returncode == WRONG_TOKEN:
        raise NotJoined(
            f"{member.address} refuses the token. On the platform's machine, `voxel51 worker token` prints it"
        )
    if done.returncode == NO_ANSWER:
        raise NoAnswer(
            f"no head of a Ray cluster answers at {member.address}. Start it there: voxel51 worker start --head"
        )
    if done.returncode:
        raise NoAnswer(f"{member.address} could not be asked: {done.stderr.strip().splitlines()[-1:]}")
    found = json.loads(done.stdout)
    refusal = refusal_of(_needed(found), versions_here(ray_version()))
    if refusal is not None:
        raise NotJoined(f"this machine cannot join {member.address}: {refusal}")


def _needed(found: dict[str, dict[str, str] | None]) -> Versions:
    """Return the versions that members must have: the platform's, or those of Ray alone before a platform connects."""
    if found["platform"] is not None:
        return Versions(**found["platform"])
    cluster, here = found["cluster"] or {}, versions_here(ray_version())
    python = ".".join((cluster.get("python") or here.python).split(".")[:2])
    ray = f"Ray {cluster['ray']}" if cluster.get("ray") else here.engine
    return Versions(python, here.platform, ray)


def drain(folder: Path, report: "logging.Logger | None" = None) -> None:
    """Let the member with this folder finish its attempts and leave; return when it has left.

    Raises:
        NotJoined: no member runs there.
    """
    pid = _member_of(folder)
    (folder / DRAINING_FILE).touch()
    left = None
    while (number := attempts_on(folder)) and _is_alive(pid):
        if number != left and report is not None:
            report.info("%d jobs are still running", number)
        left = number
        time.sleep(_POLL_SECONDS)
    if _is_alive(pid):
        os.kill(pid, signal.SIGTERM)
    while _is_alive(pid):
        time.sleep(_POLL_SECONDS)


def _member_of(folder: Path) -> int:
    try:
        pid = int((folder / _PID_FILE).read_text())
    except (OSError, ValueError):
        pid = 0
    if not pid or not _is_alive(pid):
        raise NotJoined(f"no worker runs with the folder {folder}; name its folder with --dir")
    return pid


def _is_alive(pid: int) -> bool:
    return started_at(pid) != 0.0  # also 0 for a process that has ended and waits for its parent


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
