"""Messages between the processes around a job: JSON objects with file descriptors, over sockets that keep packets."""

import json
import socket
from typing import Any

from voxel51.wire.network import MAX_HOSTS

_MESSAGE_BYTES = 1 << 20
_DESCRIPTORS = 2 + MAX_HOSTS


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets for `send` and `receive`."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(to: socket.socket, message: object, *descriptors: int | None) -> None:
    """Send one message with the ``descriptors`` that are not None.

    Raises:
        BrokenPipeError: the other end is closed.
    """
    socket.send_fds(to, [json.dumps(message).encode()], [each for each in descriptors if each is not None])


def receive(source: socket.socket) -> tuple[Any, list[int]]:
    """Receive one message with its descriptors; None when the other end is closed.

    Raises:
        BlockingIOError: no message is there, and ``source`` does not block.
    """
    text, descriptors, _, _ = socket.recv_fds(source, _MESSAGE_BYTES, _DESCRIPTORS)
    return (json.loads(text) if text else None), list(descriptors)
