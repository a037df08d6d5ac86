"""Warden: the first process of a job's process namespace, which builds the job's file system and holds its limits.

When it ends, the kernel kills every process in the namespace, in whatever session; it ends when the launcher does. The
job's process is not its child: the zygote forks it, and it joins the namespaces of the warden.
"""

import os
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Never

from voxel51.runners.child_process import (
    STANDARD_ERROR,
    STANDARD_OUTPUT,
    become_job_process,
    close_descriptors,
    leave_parent,
)
from voxel51.runners.process_control import PR_SET_PDEATHSIG, prctl
from voxel51.runners.sandbox import filesystem, kernel, landlock, privileges, system_calls
from voxel51.runners.sandbox.messages import receive, send
from voxel51.runners.sandbox.request import Job, LaunchRequest, devices_of, doors_of, paths_of
from voxel51.runners.sandbox.supervision import END_AGAIN_SECONDS, LOOK_SECONDS, Supervisor, in_this_namespace
from voxel51.wire.tasks import WEIGHTS_FOLDER, TaskExit

_PRIVATE = kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWNET | kernel.CLONE_NEWCGROUP
_OUTSIDE = 0
"""Id of the parent of a job's process, which is outside of the job's namespace, as the job sees it."""


def become_warden(planned: filesystem.Plan, launcher: socket.socket, to_job: socket.socket) -> Never:
    """Turn this process into a warden; it exits when its job has ended, or when the launcher is gone.

    It sends ``launcher`` an empty object when the job can join; when it has its request, the listeners of the job's
    network; and at the end ``exceeded``, the exit code for the limit that the job exceeded, or null. An ``error`` takes
    the place of any of them.
    """
    try:
        close_descriptors(launcher.fileno(), to_job.fileno())
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # the launcher, which has no id in this namespace
        os.umask(0o022)  # the job reads what is created now
        kernel.unshare(_PRIVATE)
        filesystem.build(planned)
        send(launcher, {})
        request, descriptors = receive(launcher)
        if request is not None:
            _guard(request, descriptors, launcher, to_job)
    except BaseException:
        with suppress(OSError):  # the launcher may be gone
            send(launcher, {"error": traceback.format_exc()})
    finally:
        os._exit(0)  # the launcher knows how the job ended


def _guard(request: LaunchRequest, descriptors: list[int], launcher: socket.socket, to_job: socket.socket) -> None:
    """Finish the sandbox for ``request``, let the waiting job begin, and report which limit it exceeded."""
    log, *memory_events = descriptors
    print_to(log)
    # The root may change only when the job has joined: one that is still joining could keep the old root.
    _, joined = receive(to_job)
    if not joined:  # the process of the job was killed while it waited
        send(launcher, {})
        send(launcher, {"exceeded": None})
        return
    environment, folder = request["environment"], Path(request["folder"])
    doors = doors_of(request)
    listeners = doors.listen()
    user = request["user"]
    if user is not None and environment.get(WEIGHTS_FOLDER):
        filesystem.let_others_read(Path(environment[WEIGHTS_FOLDER]))
    number = os.geteuid() if user is None else user
    users = f"root:x:0:0::/:/bin/false\njob:x:{number}:{number}::{folder}:/bin/false\n"
    filesystem.enter(folder, paths_of(request), devices_of(request), users, doors.hosts_file)
    send(launcher, {}, *(listener.fileno() for listener in listeners))
    for listener in listeners:
        listener.close()
    with suppress(BrokenPipeError):  # it was killed while it waited
        send(to_job, request, STANDARD_OUTPUT)
    private = [Path(name) for name in filesystem.PRIVATE]
    events = memory_events[0] if memory_events else None
    supervisor = Supervisor(request["limits"], in_this_namespace, folder, private, STANDARD_OUTPUT, events)
    send(launcher, {"exceeded": _watch(joined[0], supervisor)})


def _watch(job: int, supervisor: Supervisor) -> TaskExit | None:
    """Reap orphans and supervise the job until its process, the descriptor ``job``, has ended.

    End all its processes if it exceeds a limit, and return the exit code for that limit.
    """
    exceeded: TaskExit | None = None
    orphans = _sigchld_descriptor()
    poll = select.poll()
    for descriptor in (job, orphans):
        poll.register(descriptor, select.POLLIN)
    while True:
        ready = [descriptor for descriptor, _ in poll.poll(1000 * (END_AGAIN_SECONDS if exceeded else LOOK_SECONDS))]
        if job in ready:
            return TaskExit.OUT_OF_MEMORY if supervisor.is_out_of_memory() else exceeded
        if orphans in ready:
            _reap(orphans)
            continue
        exceeded = exceeded or supervisor.exceeded()
        if exceeded is not None:
            _end_namespace()


def _sigchld_descriptor() -> int:
    """Return a descriptor that becomes readable when a child has ended."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _reap(orphans: int) -> None:
    os.read(orphans, select.PIPE_BUF)
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass


def _end_namespace() -> None:
    """Kill every process of this namespace but the first, which this one is."""
    if os.getpid() != 1:  # outside of a namespace of its own, the signal would reach every process of the machine
        raise RuntimeError("the job has no process namespace of its own")
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def run_with_warden(warden: int, to_warden: int, job: Job, *, own_user: bool) -> Never:
    """Run ``job`` in this process, which was forked for it into the process namespace of a warden.

    Args:
        warden: descriptor of the warden's process, whose other namespaces this process joins.
        to_warden: the job's end of its socket pair with the warden.
        job: what this process does once it has its request.
        own_user: the request has a user id of the job's own. Otherwise the job gets a user namespace of its own.
    """
    code: int = TaskExit.NOT_STARTED
    try:
        close_descriptors(warden, to_warden)
        kernel.join(warden, _PRIVATE)
        os.close(warden)
        leave_parent()
        code = job(_await_request(socket.socket(fileno=to_warden), own_user=own_user))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _await_request(warden: socket.socket, *, own_user: bool) -> LaunchRequest:
    """Wait for the request of the job of this process, and give up everything that the job must not have."""
    send(warden, {}, os.pidfd_open(os.getpid()))
    received, descriptors = receive(warden)
    if received is None:
        raise OSError("the warden has ended")
    request: LaunchRequest = received
    print_to(*descriptors)
    _restrict(request, own_user=own_user)
    return request


def print_to(log: int) -> None:
    """Print to the descriptor ``log`` from now on, and close it."""
    os.dup2(log, STANDARD_OUTPUT)
    os.dup2(log, STANDARD_ERROR)
    os.close(log)


def _restrict(request: LaunchRequest, *, own_user: bool) -> None:
    folder = Path(request["folder"])
    if not own_user:
        privileges.enter_user_namespace()  # in which the kernel counts the processes of this job alone
    privileges.give_up(request["user"])
    become_job_process(_OUTSIDE, folder, request["environment"], request["limits"], is_only_of_user=True)
    if landlock.version():
        devices = [*filesystem.DEVICE_FILES, *devices_of(request)]
        landlock.restrict([Path("/")], [folder, *map(Path, filesystem.PRIVATE), *devices], None)
    if system_calls.is_known_machine():
        system_calls.refuse()
