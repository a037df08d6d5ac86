"""Network relay of containers: listen inside the network of a container, and pass connections on to the platform.

Run as ``python -m voxel51.runners.containers.relay PID URL``: PID is a process in the network, URL the address at
which jobs reach the platform. It prints one line once it listens, and ends when its standard input is closed, so that
it never outlives the server.
"""

import os
import socket
import sys
from pathlib import Path

from voxel51.runners.sandbox.kernel import checked, libc
from voxel51.runners.sandbox.network import JobAddress, Relay, listen

READY = b"listening\n"
_CHILD_FAILED = b"!"


def listener_in(pid: int, address: JobAddress) -> socket.socket:
    """Return a socket that listens at ``address`` in the network namespace of process ``pid``.

    A child process enters the namespace, since a process that has entered the user namespace of an engine that runs
    without root cannot return.

    Raises:
        OSError: the namespace cannot be entered, or the address is in use there.
    """
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        _listen_and_send(theirs, pid, address)
    theirs.close()
    with ours:
        message, descriptors, _, _ = socket.recv_fds(ours, 1024, 1)
    os.waitpid(child, 0)
    if not descriptors:
        raise OSError(message.removeprefix(_CHILD_FAILED).decode(errors="replace") or "the helper process died")
    return socket.socket(fileno=descriptors[0])


def _listen_and_send(target: socket.socket, pid: int, address: JobAddress) -> None:
    try:
        _enter(pid)
        with listen(address) as listener:
            socket.send_fds(target, [b"+"], [listener.fileno()])
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
    address = JobAddress.of(sys.argv[2])
    listener = listener_in(int(sys.argv[1]), address)
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    Relay(listener, address).run_until_readable(sys.stdin.fileno())


if __name__ == "__main__":
    main()
