"""Launcher of a sandboxed job: the three processes between the zygote and a job's code.

- The *launcher* is the child of the zygote that the platform knows. It stays outside, relays the job's connections to
  the platform, and ends exactly as the job did: with its exit code, or by its signal.
- The *warden* is the first process of the job's process namespace. When it ends, the kernel kills every process in the
  namespace, in whatever session; it ends when the launcher does.
- The *job* is the warden's child. It gives up its privileges before it runs a job.

All three may be started before it is known which job they will run: they prepare everything that is the same for all,
and wait.
"""

import json
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never, TypedDict

from voxel51.runners import control_groups
from voxel51.runners.child_process import (
    STANDARD_ERROR,
    STANDARD_OUTPUT,
    become_job_process,
    close_descriptors,
    open_log,
)
from voxel51.runners.process_control import (
    IS_LINUX,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_PDEATHSIG,
    descendants,
    end_with_parent,
    prctl,
)
from voxel51.runners.sandbox import filesystem, kernel, landlock, network, privileges, system_calls
from voxel51.runners.sandbox.policy import SandboxKind, SandboxPolicy
from voxel51.runners.sandbox.supervision import LOOK_SECONDS, Supervisor, in_this_namespace
from voxel51.wire.tasks import WEIGHTS_FOLDER, JobLimits, TaskExit

_MESSAGE_BYTES = 1 << 20
END_AGAIN_SECONDS = 0.01
"""Interval between two signals to the processes of a job that is ended: some may have forked meanwhile."""

_NO_PORT = 0
"""Port to which no connection can be made, for a job that reaches no server."""

_PRIVATE = kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWNET | kernel.CLONE_NEWCGROUP


class LaunchRequest(TypedDict):
    """Request for one job: all that its processes need to know, written by the runner into a file that only they read.

    The zygote passes on the path of the file and never sees the content: what it holds in memory, every later job
    inherits.

    Attributes:
        entry_point: name of the analytic.
        folder: working directory, home and temporary folder.
        log: standard output and error.
        environment: all variables of the job.
        limits: limits of the job.
        user: user id of the job; None: that of the runner.
        address: URL of the only server that the job reaches; None: no server.
        module_folders: folders that the job searches for modules, after those of its interpreter.
        readable: files and folders that this job can read, besides those that all jobs of its runner can.
    """

    entry_point: str
    folder: str
    log: str
    environment: dict[str, str]
    limits: JobLimits
    user: int | None
    address: str | None
    module_folders: list[str]
    readable: list[str]


class Ended(TypedDict):
    """End of a job: its wait status, and the exit code for the limit for which it was ended."""

    wait_status: int
    exceeded: int | None


Job = Callable[[LaunchRequest], int]
"""Runs a job in the process that calls it; returns the exit code."""


def read_request(path: Path) -> LaunchRequest:
    """Read a request and remove its file, which has the credentials of the job."""
    request: LaunchRequest = json.loads(path.read_bytes())
    path.unlink()
    return request


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Sandbox of a zygote's jobs: the policy, and what follows from it for all jobs.

    Attributes:
        policy: the policy.
        planned: the file system of each job; None if jobs have none of their own.
    """

    policy: SandboxPolicy
    planned: filesystem.Plan | None

    @classmethod
    def of(cls, policy: SandboxPolicy) -> "Sandbox":
        """Return the sandbox that ``policy`` describes."""
        is_own = policy.kind is SandboxKind.NAMESPACES
        return cls(policy, filesystem.plan(policy) if is_own else None)


def launch(sandbox: Sandbox, parent: int, await_path: Callable[[], Path | None], job: Job) -> Never:
    """Run one job in ``sandbox``, and end this process as the job ended.

    The process has one thread, and was forked from ``parent`` for this.

    Args:
        sandbox: sandbox of the job.
        parent: id of the parent, with which everything ends.
        await_path: waits for the file of the request; None: no job will come.
        job: what the job's process does.
    """
    code: int = TaskExit.NOT_STARTED
    try:
        if sandbox.planned is not None:
            code = _launch_in_namespaces(sandbox.policy, sandbox.planned, parent, await_path, job)
        else:
            code = _launch_here(sandbox.policy, parent, await_path, job)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _launch_here(policy: SandboxPolicy, parent: int, await_path: Callable[[], Path | None], job: Job) -> int:
    """Launch a job in the namespaces of this process, which stays as the supervisor of the job (Linux)."""
    if IS_LINUX:
        os.setsid()
        end_with_parent(parent)
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    groups = control_groups.create(policy.groups, os.getpid(), os.getpid())
    path = await_path()
    if path is None:
        return 0
    request = read_request(path)
    open_log(request["log"])
    if not IS_LINUX:
        _restrict_here(policy, parent, request)
        return job(request)
    control_groups.limit(groups, request["limits"])

    def prepare(own_parent: int) -> LaunchRequest:
        _restrict_here(policy, own_parent, request)
        return request

    child = _fork_job(prepare, job)
    events = control_groups.open_memory_events(groups)
    folder = Path(request["folder"])
    supervisor = Supervisor(request["limits"], descendants, folder, log=STANDARD_OUTPUT, memory_events=events)
    return _end_as(_watch(child, supervisor, _end_descendants))


def _restrict_here(policy: SandboxPolicy, parent: int, request: LaunchRequest) -> None:
    confined = policy.kind is SandboxKind.LANDLOCK
    if confined:
        privileges.give_up(None)
    become_job_process(parent, Path(request["folder"]), request["environment"], request["limits"])
    if not confined:
        return
    address = _address_of(request)
    readable = [*map(Path, policy.readable), *_paths_of(request), *filesystem.readable_without_root()]
    port = _NO_PORT if address is None else address.port
    landlock.restrict(readable, [Path(request["folder"]), *filesystem.DEVICE_FILES], port)
    if system_calls.is_known_machine():
        is_name = address is not None and address.inside != address.host  # it must be resolved
        system_calls.refuse(local=False, datagrams=is_name)


def _launch_in_namespaces(
    policy: SandboxPolicy, planned: filesystem.Plan, parent: int, await_path: Callable[[], Path | None], job: Job
) -> int:
    os.setsid()
    if not policy.own_user:
        privileges.enter_user_namespace()
    kernel.unshare(kernel.CLONE_NEWPID)
    end_with_parent(parent)
    own, warden_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    warden = os.fork()
    if warden == 0:
        own.close()
        _become_warden(planned, warden_end, job)
    warden_end.close()
    groups = control_groups.create(policy.groups, os.getpid(), warden)
    with suppress(BrokenPipeError):
        _send(own, {"is_in_groups": True})
    path = await_path()
    return 0 if path is None else _serve(path, own, warden, groups)


def _serve(path: Path, warden_socket: socket.socket, warden: int, groups: list[str]) -> int:
    """Hand the request to the warden, relay until the job has ended, and end as it did or return its exit code."""
    request = read_request(path)
    open_log(request["log"])
    control_groups.limit(groups, request["limits"])
    memory_events = control_groups.open_memory_events(groups)
    with suppress(BrokenPipeError):  # it has failed already, and its message says why
        _send(warden_socket, request, STANDARD_OUTPUT, memory_events)
    ready, descriptors = _receive(warden_socket)
    if ready is None or "error" in ready:
        raise OSError(f"the sandbox of the job could not be set up: {ready and ready['error']}")
    address = _address_of(request)
    if descriptors and address is not None:
        listener = socket.socket(fileno=descriptors[0])
        network.Relay(listener, address).run_until_readable(warden_socket.fileno())
    ended, _ = _receive(warden_socket)
    os.waitpid(warden, 0)
    if ended is None or "error" in ended:  # the warden was killed
        _end_by(signal.SIGKILL)
    return _end_as(ended)


def _end_as(ended: Ended) -> int:
    """Return the exit code of a job, or end this process by the signal that ended the job."""
    status = ended["wait_status"]
    if ended["exceeded"] is not None:
        return ended["exceeded"]
    if os.WIFSIGNALED(status):
        _end_by(os.WTERMSIG(status))
    return os.WEXITSTATUS(status)


def _end_by(number: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would have the request, with its credentials
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})


def _become_warden(planned: filesystem.Plan, launcher: socket.socket, job: Job) -> Never:
    try:
        close_descriptors(launcher.fileno())
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # the launcher, which has no id in this namespace
        os.umask(0o022)  # the job reads what is created now
        kernel.unshare(_PRIVATE)
        filesystem.build(planned)
        _receive(launcher)  # from here on, this process and its children are in the control groups
        own, job_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child = _fork_job(lambda parent: _await_request(parent, job_end), job)
        job_end.close()
        request, descriptors = _receive(launcher)
        if request is not None:
            _guard(request, descriptors, launcher, own, child)
    except BaseException:
        with suppress(OSError):  # the launcher may be gone
            _send(launcher, {"error": traceback.format_exc()})
    finally:
        os._exit(0)  # the launcher knows how the job ended


def _guard(
    request: LaunchRequest, descriptors: list[int], launcher: socket.socket, to_job: socket.socket, child: int
) -> None:
    """Finish the sandbox for ``request``, let the waiting ``child`` run its job, and report how it ended."""
    log, *memory_events = descriptors
    _print_to(log)
    environment, folder = request["environment"], Path(request["folder"])
    address = _address_of(request)
    listener = None if address is None else network.listen(address)
    user = request["user"]
    if user is not None and environment.get(WEIGHTS_FOLDER):
        filesystem.let_others_read(Path(environment[WEIGHTS_FOLDER]))
    number = os.geteuid() if user is None else user
    users = f"root:x:0:0::/:/bin/false\njob:x:{number}:{number}::{folder}:/bin/false\n"
    hosts = network.LOCAL_HOSTS if address is None else address.hosts
    filesystem.enter(folder, _paths_of(request), users, hosts)
    if listener is None:
        _send(launcher, {})
    else:
        _send(launcher, {}, listener.fileno())
        listener.close()
    with suppress(BrokenPipeError):  # it was killed while it waited
        _send(to_job, request, STANDARD_OUTPUT)
    private = [Path(name) for name in filesystem.PRIVATE]
    events = memory_events[0] if memory_events else None
    supervisor = Supervisor(request["limits"], in_this_namespace, folder, private, STANDARD_OUTPUT, events)
    _send(launcher, _watch(child, supervisor, _end_namespace))


def _address_of(request: LaunchRequest) -> network.JobAddress | None:
    return None if request["address"] is None else network.JobAddress.of(request["address"])


def _paths_of(request: LaunchRequest) -> list[Path]:
    """Return the files and folders that this job alone can read: its own, and those that its environment names."""
    names = (WEIGHTS_FOLDER, "SSL_CERT_FILE", "SSL_CERT_DIR")
    named = [request["environment"][name] for name in names if request["environment"].get(name)]
    return [Path(path) for path in (*named, *request["readable"])]


def _await_request(parent: int, warden: socket.socket) -> LaunchRequest:
    """Wait for the request of the job of this process, and give up everything that the job must not have."""
    received, descriptors = _receive(warden)
    if received is None:
        raise OSError("the warden has ended")
    request: LaunchRequest = received
    _print_to(*descriptors)
    _restrict_in_namespaces(parent, request)
    return request


def _print_to(log: int) -> None:
    os.dup2(log, STANDARD_OUTPUT)
    os.dup2(log, STANDARD_ERROR)
    os.close(log)


def _restrict_in_namespaces(parent: int, request: LaunchRequest) -> None:
    folder = Path(request["folder"])
    privileges.give_up(request["user"])
    become_job_process(parent, folder, request["environment"], request["limits"], is_only_of_user=True)
    if landlock.version():
        landlock.restrict([Path("/")], [folder, *map(Path, filesystem.PRIVATE), *filesystem.DEVICE_FILES], None)
    if system_calls.is_known_machine():
        system_calls.refuse()


def _fork_job(prepare: Callable[[int], LaunchRequest], job: Job) -> int:
    """Fork the process of the job and return its id.

    It calls ``prepare`` with the id of its parent first, which confines it and returns its request.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # `_watch` waits for it
    parent = os.getpid()
    child = os.fork()
    if child != 0:
        return child
    code: int = TaskExit.NOT_STARTED
    try:
        code = job(prepare(parent))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _watch(child: int, supervisor: Supervisor, end_all: Callable[[], None]) -> Ended:
    """Reap processes and supervise the job until ``child`` has ended. End all its processes if it exceeds a limit."""
    exceeded: TaskExit | None = None
    while True:
        signal.sigtimedwait({signal.SIGCHLD}, LOOK_SECONDS if exceeded is None else END_AGAIN_SECONDS)
        while (found := os.waitpid(-1, os.WNOHANG))[0] != 0:
            if found[0] == child:
                if os.WIFSIGNALED(found[1]) and supervisor.is_out_of_memory():
                    exceeded = TaskExit.OUT_OF_MEMORY
                return {"wait_status": found[1], "exceeded": exceeded}
        exceeded = exceeded or supervisor.exceeded()
        if exceeded is not None:
            end_all()


def _end_namespace() -> None:
    """Kill every process of this namespace but the first, which this one is."""
    if os.getpid() != 1:  # outside of a namespace of its own, the signal would reach every process of the machine
        raise RuntimeError("the job has no process namespace of its own")
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def _end_descendants() -> None:
    for pid in descendants():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _send(to: socket.socket, message: object, *descriptors: int | None) -> None:
    socket.send_fds(to, [json.dumps(message).encode()], [each for each in descriptors if each is not None])


def _receive(source: socket.socket) -> tuple[Any, list[int]]:
    """Receive one message with its descriptors; None when the other end is closed."""
    text, descriptors, _, _ = socket.recv_fds(source, _MESSAGE_BYTES, 2)
    return (json.loads(text) if text else None), list(descriptors)
