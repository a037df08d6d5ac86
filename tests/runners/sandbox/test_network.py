"""Network of a sandbox: addresses of the platform, and the relay between a job and it."""

import os
import socket
import threading
from contextlib import closing

import pytest

from voxel51.runners.sandbox.doors import Doors
from voxel51.runners.sandbox.network import JobAddress
from voxel51.runners.sandbox.relay import Relay
from voxel51.runners.sandbox.thread_starter import ThreadStarter

BIG = os.urandom(1 << 20) * 8


@pytest.mark.parametrize(
    ("url", "host", "port", "inside"),
    [
        ("http://127.0.0.1:5151/v1", "127.0.0.1", 5151, "127.0.0.1"),
        ("https://platform.example/v1", "platform.example", 443, "127.0.0.1"),
        ("http://10.0.0.7/v1", "10.0.0.7", 80, "10.0.0.7"),
        ("http://[::1]:8080/v1", "::1", 8080, "::1"),
    ],
)
def test_job_address_is_where_the_urls_of_the_job_point(url, host, port, inside):
    address = JobAddress.of(url)

    assert (address.host, address.port, address.inside) == (host, port, inside)


def test_host_name_of_the_platform_resolves_inside():
    assert "127.0.0.1 platform.example\n" in Doors(JobAddress.of("https://platform.example/v1"), None).hosts_file


@pytest.fixture
def relayed():
    """Return the listening socket of a platform, and a function that connects to it through a relay."""
    platform, job_side = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    stopping, stop = socket.socketpair()
    doors = Doors(JobAddress("127.0.0.1", platform.getsockname()[1]), None)
    relay = Relay(doors.opened([job_side], print), ThreadStarter())
    thread = threading.Thread(target=relay.run_until_readable, args=(stopping.fileno(),))
    thread.start()
    yield platform, lambda: socket.create_connection(job_side.getsockname(), timeout=30)
    stop.close()
    thread.join()
    for each in (platform, job_side, stopping):
        each.close()


def received(connection):
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def test_relay_passes_bytes_in_both_directions_and_their_end(relayed):
    platform, connect = relayed

    def serve():
        connection, _ = platform.accept()
        with connection:
            connection.sendall(received(connection)[::-1])

    server = threading.Thread(target=serve)
    server.start()
    with closing(connect()) as job:
        job.sendall(BIG)
        job.shutdown(socket.SHUT_WR)

        assert received(job) == BIG[::-1]
    server.join()


def test_relay_resets_connections_while_the_platform_is_away(relayed):
    platform, connect = relayed
    platform.close()

    with pytest.raises(ConnectionError), closing(connect()) as job:
        job.sendall(b"GET / HTTP/1.1\r\n\r\n")
        if job.recv(1) == b"":
            raise ConnectionError


def test_relay_closes_the_other_end_when_one_is_reset(relayed):
    platform, connect = relayed
    job = connect()
    connection, _ = platform.accept()

    job.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    job.close()

    with connection:
        connection.settimeout(30)
        with pytest.raises(ConnectionError):
            if connection.recv(1) == b"":
                raise ConnectionError
