"""Supervised job: a job in the namespaces of the platform, with a supervisor that is its parent (on Linux).

Under the policy ``landlock``, the job is confined by Landlock and seccomp; under ``none``, by limits only. On other
systems there is no supervisor.
"""

import os
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Never

from voxel51.runners import control_groups
from voxel51.runners.child_process import (
    STANDARD_OUTPUT,
    become_job_process,
    close_descriptors,
    leave_parent,
    open_log,
)
from voxel51.runners.process_control import (
    IS_LINUX,
    PR_SET_CHILD_SUBREAPER,
    descendants,
    end_by,
    end_with_parent,
    prctl,
)
from voxel51.runners.sandbox import filesystem, landlock, privileges, system_calls
from voxel51.runners.sandbox.policy import SandboxKind, SandboxPolicy
from voxel51.runners.sandbox.request import Job, LaunchRequest, address_of, devices_of, paths_of, read_request
from voxel51.runners.sandbox.supervision import END_AGAIN_SECONDS, LOOK_SECONDS, Supervisor
from voxel51.wire.tasks import TaskExit

_PATH_BYTES = 65536
_NO_PORT = 0
"""Port to which no connection can be made, for a job that reaches no server."""


def supervise_job(policy: SandboxPolicy, parent: int, requests: int, job: Job) -> Never:
    """Run one job and end this process, which was forked from ``parent`` for this, as the job ended.

    Args:
        policy: sandbox of the job.
        parent: id of the parent, with which everything ends.
        requests: descriptor of a pipe with the path of the launch request; if it is closed without one, no job comes.
        job: what the job's process does.
    """
    code: int = TaskExit.NOT_STARTED
    try:
        code = _launch(policy, parent, requests, job)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _launch(policy: SandboxPolicy, parent: int, requests: int, job: Job) -> int:
    close_descriptors(requests)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if IS_LINUX:
        os.setsid()
        end_with_parent(parent)
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    groups = control_groups.create(policy.groups, os.getpid(), os.getpid())
    path = _awaited_path(requests)
    if path is None:
        return 0
    request = read_request(path)
    open_log(request["log"])
    if not IS_LINUX:
        _restrict(policy, parent, request)
        return job(request)
    control_groups.limit(groups, request["limits"])
    child = _fork_job(policy, request, job)
    events = control_groups.open_memory_events(groups)
    folder = Path(request["folder"])
    supervisor = Supervisor(request["limits"], descendants, folder, log=STANDARD_OUTPUT, memory_events=events)
    return _end_as(*_watch(child, supervisor))


def _awaited_path(requests: int) -> Path | None:
    """Return the path that is sent through the pipe ``requests``; None if the other end is closed without one."""
    text = b""
    while part := os.read(requests, _PATH_BYTES):
        text += part
    os.close(requests)
    return Path(os.fsdecode(text)) if text else None


def _fork_job(policy: SandboxPolicy, request: LaunchRequest, job: Job) -> int:
    """Fork the process of the job and return its id."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # `_watch` waits for it
    parent = os.getpid()
    child = os.fork()
    if child != 0:
        return child
    code: int = TaskExit.NOT_STARTED
    try:
        _restrict(policy, parent, request)
        code = job(request)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _restrict(policy: SandboxPolicy, parent: int, request: LaunchRequest) -> None:
    confined = policy.kind is SandboxKind.LANDLOCK
    if confined:
        privileges.give_up(None)
    leave_parent()
    become_job_process(parent, Path(request["folder"]), request["environment"], request["limits"])
    if not confined:
        return
    address = address_of(request)
    readable = [*map(Path, policy.readable), *paths_of(request), *filesystem.readable_without_root()]
    port = _NO_PORT if address is None else address.port
    writable = [Path(request["folder"]), *filesystem.DEVICE_FILES, *devices_of(request)]
    landlock.restrict(readable, writable, port)
    if system_calls.is_known_machine():
        is_name = address is not None and address.inside != address.host  # it must be resolved
        system_calls.refuse(local=False, datagrams=is_name)


def _watch(child: int, supervisor: Supervisor) -> tuple[int, TaskExit | None]:
    """Reap processes and supervise the job until ``child`` has ended. End all its processes if it exceeds a limit.

    Returns:
        its wait status, and the exit code for the limit that it exceeded, if any.
    """
    exceeded: TaskExit | None = None
    while True:
        signal.sigtimedwait({signal.SIGCHLD}, LOOK_SECONDS if exceeded is None else END_AGAIN_SECONDS)
        while (found := os.waitpid(-1, os.WNOHANG))[0] != 0:
            if found[0] == child:
                if os.WIFSIGNALED(found[1]) and supervisor.is_out_of_memory():
                    exceeded = TaskExit.OUT_OF_MEMORY
                return found[1], exceeded
        exceeded = exceeded or supervisor.exceeded()
        if exceeded is not None:
            _end_descendants()


def _end_descendants() -> None:
    for pid in descendants():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _end_as(status: int, exceeded: TaskExit | None) -> int:
    """Return the exit code of a job, or end this process by the signal that ended the job."""
    if exceeded is not None:
        return exceeded
    if os.WIFSIGNALED(status):
        end_by(os.WTERMSIG(status))
    return os.WEXITSTATUS(status)
