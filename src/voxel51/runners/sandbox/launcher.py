"""Launcher: the process that the platform knows a job by, outside of the job's sandbox.

It starts the warden, makes the control groups of the job, and relays the job's connections. When it
ends, the warden ends, and with it every process of the job.
"""

import os
import resource
import socket
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Never, TypedDict

from voxel51.runners import control_groups
from voxel51.runners.child_process import STANDARD_OUTPUT, open_log
from voxel51.runners.process_control import end_with_parent
from voxel51.runners.sandbox import kernel
from voxel51.runners.sandbox.doors import print_note
from voxel51.runners.sandbox.filesystem import Plan
from voxel51.runners.sandbox.messages import receive, send, socket_pair
from voxel51.runners.sandbox.relay import Relay
from voxel51.runners.sandbox.request import LaunchRequest, doors_of, read_request
from voxel51.runners.sandbox.thread_starter import ThreadStarter
from voxel51.runners.sandbox.warden import become_warden
from voxel51.wire.tasks import TaskExit


class LauncherReport(TypedDict):
    """Last message of a launcher.

    Attributes:
        exit_code: exit code that replaces how the job ended, if it was killed: a limit that it exceeded, or that it
            could not be started. None: the job ended by itself.
        cpu_seconds, peak_memory_bytes: used by the warden and the orphans that it reaped.
    """

    exit_code: int | None
    cpu_seconds: float
    peak_memory_bytes: int


def become_launcher(planned: Plan, groups: tuple[str, ...], parent: int, zygote: socket.socket) -> Never:
    """Turn this process, which was forked from ``parent`` for this, into the launcher of one job.

    It sends ``zygote`` an empty object when the job's process can be forked, with the descriptors of the warden's
    process and of the job's end of their socket pair (without them, the sandbox could not be built). It receives
    ``job``, the id of the job's process, and ``request``, the path of the launch request. It ends with a
    `LauncherReport`.

    Args:
        planned: file system of the job.
        groups: see `voxel51.runners.control_groups.create`.
        parent: id of the parent, with which this process ends.
        zygote: socket for the messages.
    """
    try:
        os.setsid()
        end_with_parent(parent)
        _launch(planned, groups, zygote)
    except BaseException:
        traceback.print_exc()
        with suppress(OSError):  # the zygote may be gone
            send(zygote, _report(TaskExit.NOT_STARTED))
    finally:
        sys.stderr.flush()
        os._exit(0)


def _launch(planned: Plan, groups: tuple[str, ...], zygote: socket.socket) -> None:
    threads = ThreadStarter()  # before the next line, after which this thread can start none
    kernel.unshare(kernel.CLONE_NEWPID)
    to_warden, launcher_end = socket_pair()
    to_job, job_end = socket_pair()
    warden = os.fork()
    if warden == 0:
        become_warden(planned, launcher_end, to_job)
    launcher_end.close()
    to_job.close()
    built, _ = receive(to_warden)
    with job_end:
        joinable = () if _failure_of(built) else (os.pidfd_open(warden), job_end.fileno())
        send(zygote, {}, *joinable)
    started, _ = receive(zygote) if joinable else ({}, [])
    made = control_groups.create(groups, os.getpid(), started["job"]) if started else []
    begun, _ = receive(zygote)
    if begun is None:
        return  # no job will come
    request = read_request(Path(begun["request"]))
    open_log(request["log"])
    if _failure_of(built):
        raise OSError(f"the sandbox of the job could not be set up: {_failure_of(built)}")
    control_groups.limit(made, request["limits"])
    exceeded = _serve(request, to_warden, threads, control_groups.open_memory_events(made))
    os.waitpid(warden, 0)
    send(zygote, _report(exceeded))


def _serve(
    request: LaunchRequest, warden: socket.socket, threads: ThreadStarter, memory_events: int | None
) -> int | None:
    """Hand the request to the warden and relay until the job has ended; return the exit code for an exceeded limit."""
    with suppress(BrokenPipeError):  # it has failed already, and its message says why
        send(warden, request, STANDARD_OUTPUT, memory_events)
    ready, descriptors = receive(warden)
    if _failure_of(ready):
        raise OSError(f"the sandbox of the job could not be set up: {_failure_of(ready)}")
    listeners = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    if listeners:
        Relay(doors_of(request).opened(listeners, print_note), threads).run_until_readable(warden.fileno())
    ended, _ = receive(warden)
    exceeded: int | None = None if _failure_of(ended) else ended["exceeded"]
    return exceeded  # the failure is that the warden was killed, and the job with it


def _failure_of(message: Mapping[str, str] | None) -> str | None:
    """Return why the warden failed, if it did."""
    return "it was killed" if message is None else message.get("error")


def _report(exit_code: int | None) -> LauncherReport:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "exit_code": exit_code,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_memory_bytes": used.ru_maxrss * 1024,
    }
