"""Fork server: a small process that forks the launchers of a zygote's jobs.

The zygote forks it before it loads the analytics: a fork copies the page tables of the parent. Start and exit of a
process that is forked from this one take 2 ms of processor time, and 8 ms from a zygote with all included analytics.
"""

import gc
import os
import signal
import socket
from typing import Never

from voxel51.runners.child_process import close_descriptors
from voxel51.runners.process_control import end_with_parent
from voxel51.runners.sandbox import filesystem, privileges
from voxel51.runners.sandbox.launcher import become_launcher
from voxel51.runners.sandbox.messages import receive, send, socket_pair
from voxel51.runners.sandbox.policy import SandboxPolicy


class ForkServer:
    """Fork server of this process, which has one thread. It ends with this process.

    Where jobs get no user id of their own, this process and the fork server enter a user namespace, in which they may
    make namespaces for jobs, and processes in them.

    Attributes:
        pid: its process id.

    Raises:
        OSError: no user namespace, or no process.
    """

    def __init__(self, policy: SandboxPolicy) -> None:
        if not policy.own_user:
            privileges.enter_user_namespace()
        parent = os.getpid()
        self._requests, requests = socket_pair()
        self.pid = os.fork()
        if self.pid == 0:
            _serve(requests, parent)
        requests.close()

    def start_launcher(self, policy: SandboxPolicy) -> tuple[int, int, socket.socket]:
        """Start a launcher; return its process id, a descriptor of its process, and the socket for its messages.

        Raises:
            OSError: no process can be started now, or the fork server has ended.
        """
        own, launcher_end = socket_pair()
        with launcher_end:
            send(self._requests, policy.to_json(), launcher_end.fileno())
        started, descriptors = receive(self._requests)
        if started is None or not descriptors:
            own.close()
            raise OSError("the fork server has ended" if started is None else started["error"])
        return started["pid"], descriptors[0], own


def _serve(requests: socket.socket, parent: int) -> Never:
    try:
        end_with_parent(parent)
        close_descriptors(requests.fileno())
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the launchers
        gc.collect()
        gc.freeze()  # exclude existing objects from collection, so that launchers do not copy their pages
        plans: dict[str, filesystem.Plan] = {}
        while True:
            text, descriptors = receive(requests)
            if text is None:
                break
            policy = SandboxPolicy.from_json(text)
            if text not in plans:
                plans = {text: filesystem.plan(policy)}
            with socket.socket(fileno=descriptors[0]) as zygote:
                _start_launcher(requests, zygote, policy, plans[text])
    finally:
        os._exit(0)


def _start_launcher(
    requests: socket.socket, zygote: socket.socket, policy: SandboxPolicy, planned: filesystem.Plan
) -> None:
    own = os.getpid()
    try:
        pid = os.fork()
        if pid == 0:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            become_launcher(planned, policy.groups, own, zygote)
        process = os.pidfd_open(pid)
    except OSError as error:
        send(requests, {"error": str(error)})
        return
    send(requests, {"pid": pid}, process)
    os.close(process)
