"""Network relay of containers: listen inside the network of a container, and pass connections on.

Run as ``python -m voxel51.runners.containers.relay PID URL PERMISSION``: PID is a process in the network, URL the
address at which jobs reach the platform, PERMISSION the JSON of the hosts that they reach besides, or null. It prints
one line once it listens, and ends when its standard input is closed, so that it never outlives the server. Notes for
the log of the job go to its standard error.
"""

import json
import os
import socket
import sys
from pathlib import Path

from voxel51.runners.network_permission import NetworkPermission
from voxel51.runners.sandbox.doors import Doors, print_note
from voxel51.runners.sandbox.kernel import checked, libc
from voxel51.runners.sandbox.network import JobAddress
from voxel51.runners.sandbox.relay import Relay
from voxel51.runners.sandbox.thread_starter import ThreadStarter
from voxel51.wire.network import MAX_HOSTS

READY = b"listening\n"
_CHILD_FAILED = b"!"


def listeners_in(pid: int, doors: Doors) -> list[socket.socket]:
    """Return the listeners of ``doors`` in the network namespace of process ``pid``.

    A child process enters the namespace, since a process that has entered the user namespace of an engine that runs
    without root cannot return.

    Raises:
        OSError: the namespace cannot be entered, or an address is in use there.
    """
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        _listen_and_send(theirs, pid, doors)
    theirs.close()
    with ours:
        message, descriptors, _, _ = socket.recv_fds(ours, 1024, 1 + MAX_HOSTS)
    os.waitpid(child, 0)
    if not descriptors:
        raise OSError(message.removeprefix(_CHILD_FAILED).decode(errors="replace") or "the helper process died")
    return [socket.socket(fileno=descriptor) for descriptor in descriptors]


def _listen_and_send(target: socket.socket, pid: int, doors: Doors) -> None:
    try:
        _enter(pid)
        listeners = doors.listen()
        socket.send_fds(target, [b"+"], [listener.fileno() for listener in listeners])
    except BaseException as error:
        target.send(_CHILD_FAILED + str(error).encode())
    finally:
        os._exit(0)


def _enter(pid: int) -> None:
    namespaces = Path(f"/proc/{pid}/ns")
    network = os.open(namespaces / "net", os.O_RDONLY)
    if not (namespaces / "user").samefile("/proc/self/ns/user"):
        user = os.open(namespaces / "user", os.O_RDONLY)
        checked(libc.setns(user, 0), "entering the user namespace of the container engine")
    checked(libc.setns(network, 0), "entering the network of a container")


def main() -> None:
    """Relay until standard input is closed."""
    doors = Doors(JobAddress.of(sys.argv[2]), NetworkPermission.from_document(json.loads(sys.argv[3])))
    listeners = listeners_in(int(sys.argv[1]), doors)
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    Relay(doors.opened(listeners, print_note), ThreadStarter()).run_until_readable(sys.stdin.fileno())


if __name__ == "__main__":
    main()
