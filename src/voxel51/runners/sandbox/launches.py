"""Launches: jobs' processes as their parent sees them, from the fork to the exit status.

::

    zygote --- fork server --- launcher --- warden     (namespaces)
       \\------------------------------------ job
    zygote --- supervisor --- job                      (without namespaces)

A launch may begin before it is known which job it will run: the processes prepare everything that is the same for all
jobs, and wait. The job is forked by the zygote, since it needs the analytics in the memory of the zygote.
"""

import os
import select
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from typing import Protocol

from voxel51.runners.process_control import IS_LINUX
from voxel51.runners.sandbox import kernel
from voxel51.runners.sandbox.fork_server import ForkServer
from voxel51.runners.sandbox.launcher import LauncherReport
from voxel51.runners.sandbox.messages import receive, send
from voxel51.runners.sandbox.policy import SandboxKind, SandboxPolicy
from voxel51.runners.sandbox.request import Job
from voxel51.runners.sandbox.supervised_job import supervise_job
from voxel51.runners.sandbox.warden import run_with_warden
from voxel51.wire.tasks import TaskExit


@dataclass(frozen=True, slots=True)
class LaunchEnd:
    """End of a launch: wait status, and what its processes used."""

    wait_status: int
    cpu_seconds: float
    peak_memory_bytes: int


class Launch(Protocol):
    """Processes of one job, as the process that forked the job sees them."""

    pid: int
    """Id of the process by which the platform knows the job."""

    child: int | None
    """Id of the child of this process that runs the job; None as long as it is not forked."""

    end: LaunchEnd | None
    """End of the job; None while it runs."""

    @property
    def descriptor(self) -> int | None:
        """Descriptor that becomes readable when `advance` has something to do; None for none."""

    def begin(self, request: Path) -> None:
        """Run the job of the launch request ``request``, now or as soon as the processes are ready.

        Raises:
            OSError: they have ended.
        """

    def advance(self) -> None:
        """Continue with what has become possible, without waiting."""

    def kill(self) -> None:
        """Kill all processes. ``end`` is known later."""

    def reaped(self, status: int, usage: struct_rusage) -> None:
        """Take note of the end of ``child``."""


def fork_server_for(policy: SandboxPolicy) -> ForkServer | None:
    """Return the fork server that launches under ``policy`` need, if any. Call it before large libraries are loaded."""
    return ForkServer(policy) if policy.kind is SandboxKind.NAMESPACES else None


def start_launch(policy: SandboxPolicy, fork_server: ForkServer | None, job: Job) -> Launch:
    """Start the processes of ``job``, which then wait for its launch request.

    Raises:
        OSError: no process can be started now.
    """
    return SupervisedLaunch(policy, job) if fork_server is None else NamespaceLaunch(policy, fork_server, job)


def run_alone(policy: SandboxPolicy, request: Path, job: Job) -> int:
    """Run the job of one launch request, and return its wait status. Forks: this process has one thread, and no child.

    Raises:
        OSError: a process could not be started.
    """
    fork_server = fork_server_for(policy)
    launch = start_launch(policy, fork_server, job)
    launch.begin(request)
    is_reaped = False
    while launch.end is None:
        if launch.child is not None and not is_reaped:
            launch.reaped(*os.wait4(launch.child, 0)[1:])
            is_reaped = True
        elif launch.descriptor is not None:
            select.select([launch.descriptor], [], [])
            launch.advance()
    return launch.end.wait_status


class SupervisedLaunch:
    """Launch without namespaces: this process forks the supervisor of the job, which forks the job."""

    descriptor = None

    def __init__(self, policy: SandboxPolicy, job: Job) -> None:
        parent = os.getpid()
        reading, writing = os.pipe()
        self._requests: int | None = writing
        try:
            self.pid = os.fork()
        except OSError:
            self._close()
            raise
        else:
            if self.pid == 0:
                supervise_job(policy, parent, reading, job)
        finally:
            os.close(reading)
        self.child: int | None = self.pid
        self.end: LaunchEnd | None = None

    def begin(self, request: Path) -> None:
        """Send the request; see `Launch.begin`."""
        if self._requests is None:
            raise BrokenPipeError("the process for the job has ended")
        try:
            os.write(self._requests, os.fsencode(request))
        finally:
            self._close()

    def advance(self) -> None:
        """Do nothing: the process needs nothing from this one."""

    def kill(self) -> None:
        """Kill the process, and the group that it leads once it is set up; see `Launch.kill`."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._kill_group()

    def reaped(self, status: int, usage: struct_rusage) -> None:
        """Kill what is left of the process group; see `Launch.reaped`."""
        self._close()
        self._kill_group()
        self.end = LaunchEnd(status, *_used(usage))

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):  # the kernel does not reuse the id while the group has members
            os.killpg(self.pid, signal.SIGKILL)

    def _close(self) -> None:
        if self._requests is not None:
            os.close(self._requests)
            self._requests = None


class NamespaceLaunch:
    """Launch in namespaces: the fork server forks the launcher, and this process the job once the warden is ready."""

    def __init__(self, policy: SandboxPolicy, fork_server: ForkServer, job: Job) -> None:
        self.pid, process, self._launcher = fork_server.start_launcher(policy)
        self._process: int | None = process
        self._launcher.setblocking(False)
        self.child: int | None = None
        self.end: LaunchEnd | None = None
        self._own_user = policy.own_user
        self._job = job
        self._request: Path | None = None
        self._is_ready = False
        self._is_killed = False
        self._exit: tuple[int, struct_rusage] | None = None
        self._report = LauncherReport(exit_code=None, cpu_seconds=0.0, peak_memory_bytes=0)

    @property
    def descriptor(self) -> int | None:
        """The socket of the launcher, and then the process of the launcher, until that has ended."""
        return self._process if self._launcher.fileno() < 0 else self._launcher.fileno()

    def begin(self, request: Path) -> None:
        """Send the request as soon as the launcher is ready; see `Launch.begin`."""
        self._request = request
        # A launcher that was killed a moment ago may still have messages to read, so its process is asked too.
        if self._launcher.fileno() < 0 or self._has_launcher_ended():
            raise BrokenPipeError("the launcher for the job has ended")
        if self._is_ready:
            send(self._launcher, {"request": str(request)})

    def advance(self) -> None:
        """Handle the next message of the launcher, or its end; see `Launch.advance`."""
        if self._launcher.fileno() >= 0:
            self._receive()
        elif self._process is not None and self._has_launcher_ended():
            os.close(self._process)
            self._process = None
            self._end_if_all_have()

    def kill(self) -> None:
        """Kill the launcher, with which the kernel kills all others; see `Launch.kill`."""
        self._is_killed = True
        self._kill_launcher()

    def reaped(self, status: int, usage: struct_rusage) -> None:
        """Keep how the job ended until the launcher has ended too; see `Launch.reaped`."""
        self._exit = status, usage
        self._end_if_all_have()

    def _receive(self) -> None:
        try:
            message, descriptors = receive(self._launcher)
        except BlockingIOError:
            return
        except ConnectionResetError:
            message = None
        if message is None:
            self._launcher.close()
        elif "exit_code" in message:
            self._report = message
        else:
            self._get_ready(*descriptors)

    def _has_launcher_ended(self) -> bool:
        return self._process is None or bool(select.select([self._process], [], [], 0)[0])

    def _kill_launcher(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def _get_ready(self, *joinable: int) -> None:
        """Fork the job, unless the sandbox could not be built, and send the launcher its id and the request."""
        try:
            if joinable:
                self.child = self._fork_job(*joinable)
                send(self._launcher, {"job": self.child})
            self._is_ready = True
            if self._request is not None:
                self.begin(self._request)
        except BrokenPipeError:
            return  # the launcher was killed, and its end follows
        except OSError as error:
            if self._is_killed:
                return  # the warden, whose namespace the job would join, was killed
            sys.stderr.write(f"the process of a job could not be forked: {error}\n")
            self._report["exit_code"] = TaskExit.NOT_STARTED
            self._kill_launcher()
        finally:
            for descriptor in joinable:
                os.close(descriptor)

    def _fork_job(self, warden: int, to_warden: int) -> int:
        """Fork the process of the job into the process namespace of ``warden``, and return its id."""
        kernel.join(warden, kernel.CLONE_NEWPID)  # until the next job: this process forks nothing else
        child = os.fork()
        if child == 0:
            run_with_warden(warden, to_warden, self._job, own_user=self._own_user)
        return child

    def _end_if_all_have(self) -> None:
        if self._process is not None or (self.child is not None and self._exit is None):
            return
        status, cpu_seconds, peak_bytes = int(signal.SIGKILL), 0.0, 0
        if self._exit is not None:
            status, (cpu_seconds, peak_bytes) = self._exit[0], _used(self._exit[1])
        if self._is_killed:  # a job that waited may have noticed the end of its warden, and ended by itself
            status = int(signal.SIGKILL)
        # The job may end by itself at the moment in which it is found to exceed a limit.
        if os.WIFSIGNALED(status) and self._report["exit_code"] is not None:
            status = self._report["exit_code"] << 8
        cpu_seconds += self._report["cpu_seconds"]
        self.end = LaunchEnd(status, cpu_seconds, max(peak_bytes, self._report["peak_memory_bytes"]))


def _used(usage: struct_rusage) -> tuple[float, int]:
    """Return processor seconds and peak memory in bytes."""
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * (1024 if IS_LINUX else 1)
