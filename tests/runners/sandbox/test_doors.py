"""Doors of a sandbox: addresses that a granted host may have, and limits that its connections share."""

import socket
import threading
from contextlib import ExitStack, closing
from ipaddress import ip_address

import pytest

from support.waiting import wait_until
from voxel51.runners.network_permission import AllowedHost, NetworkPermission
from voxel51.runners.sandbox.doors import HOST_CONNECTIONS, Doors, HostDialer
from voxel51.runners.sandbox.network import JobAddress
from voxel51.runners.sandbox.relay import Relay
from voxel51.runners.sandbox.thread_starter import ThreadStarter

PLATFORM = JobAddress("10.0.0.7", 5151)
HOSTILE_ADDRESSES = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::127.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "169.254.169.254", "100.100.100.200", "fd00:ec2::254",
)  # fmt: skip


def dialed(addresses, networks=(), notes=None, port=9):
    """Return the connection to a host that resolves to ``addresses``."""
    host = AllowedHost("models.example.test", port, tuple(networks))
    note = (lambda _: None) if notes is None else notes.append
    return HostDialer(host, note, lambda _host, _port: addresses)()


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
def test_host_that_resolves_to_an_address_of_the_own_network_is_not_reached(address):
    notes = []

    with pytest.raises(ConnectionRefusedError, match="no permitted address"):
        dialed([address], notes=notes)

    assert notes == ["models.example.test:9 was not reached: it has no public address, nor one in the grant"]


def test_name_server_that_answers_differently_each_time_is_judged_each_time():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        answers = iter([["10.1.2.3"], ["127.0.0.1"]])
        host = AllowedHost("rebinding.example.test", server.getsockname()[1], ("192.168.0.0/16",))
        dial = HostDialer(host, lambda _: None, lambda _host, _port: next(answers))

        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                dial()

        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()


def test_only_permitted_ones_of_several_addresses_are_tried():
    with closing(socket.create_server(("127.0.0.2", 0))) as server:
        port = server.getsockname()[1]

        with closing(dialed(["169.254.169.254", "10.1.2.3", "127.0.0.2"], ["127.0.0.2"], port=port)) as connection:
            assert connection.getpeername() == ("127.0.0.2", port)


def test_metadata_service_is_reached_only_if_the_grant_names_its_address_alone():
    wide, single = AllowedHost("a", 80, ("169.254.0.0/16",)), AllowedHost("a", 80, ("169.254.169.254",))
    assert not wide.permits(ip_address("169.254.169.254"))
    assert wide.permits(ip_address("169.254.1.1"))
    assert single.permits(ip_address("169.254.169.254"))


def test_own_public_address_of_this_machine_needs_a_grant(monkeypatch):
    """Public addresses of the machine lead to services that its firewall may hide from the outside."""
    monkeypatch.setattr("voxel51.runners.network_permission.is_public", lambda _: True)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            dialed(["127.0.0.1"], port=port)
        dialed(["127.0.0.1"], ["127.0.0.1"], port=port).close()


def test_names_that_a_resolver_cannot_encode_are_not_reached():
    notes = []
    host = AllowedHost("a." + "b" * 64 + ".test", 9)

    with pytest.raises(OSError, match="cannot be resolved"):
        HostDialer(host, notes.append)()

    assert "its name cannot be resolved" in notes[0]


def test_each_name_has_an_address_inside_and_the_platform_keeps_its_own():
    permission = NetworkPermission.of(
        {"b.test:1": (), "b.test:2": (), "a.test:1": (), "10.0.0.7:6": (), "192.0.2.1:1": (), "10.0.0.7:5151": ()}, 1
    )

    doors = Doors(PLATFORM, permission)

    assert doors.names == {"b.test": "127.51.0.1", "a.test": "127.51.0.2"}
    named = Doors(JobAddress("platform.test", 443), NetworkPermission.of({"platform.test:8443": ()}, 1))
    assert named.names == {"platform.test": "127.0.0.1"}


@pytest.fixture
def relayed():
    """Return a function that starts a relay, and returns the port of the job for the platform and for the host."""
    with ExitStack() as stack:

        def start(platform, host, max_bytes=1 << 30, notes=None):
            ports = [server.getsockname()[1] for server in (platform, host)]
            permission = NetworkPermission.of({f"127.0.0.2:{ports[1]}": ("127.0.0.0/8",)}, max_bytes)
            listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
            stopping, stop = socket.socketpair()
            doors = Doors(JobAddress("127.0.0.1", ports[0]), permission)
            note = (lambda _: None) if notes is None else notes.append
            relay = Relay(doors.opened(listeners, note), ThreadStarter())
            thread = threading.Thread(target=relay.run_until_readable, args=(stopping.fileno(),))
            thread.start()
            for end in (stopping.close, thread.join, stop.close):  # the last one first
                stack.callback(end)
            return [listener.getsockname()[1] for listener in listeners]

        yield start


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def test_connections_to_hosts_are_limited_and_leave_the_platform_reachable(relayed):
    with ExitStack() as stack:
        platform = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        host = stack.enter_context(socket.create_server(("127.0.0.2", 0), backlog=256))
        to_platform, to_host = relayed(platform, host)
        jobs = [stack.enter_context(connect(to_host)) for _ in range(HOST_CONNECTIONS + 10)]
        host.settimeout(30)
        taken = [stack.enter_context(host.accept()[0]) for _ in range(HOST_CONNECTIONS)]

        host.settimeout(0.3)
        with pytest.raises(TimeoutError):
            host.accept()
        job = stack.enter_context(connect(to_platform))
        served, _ = platform.accept()
        stack.enter_context(served)
        job.sendall(b"ping")
        assert served.recv(4) == b"ping"

        host.settimeout(30)
        taken[0].close()  # one ends on both sides: the next one that waits begins
        for each in jobs:
            each.settimeout(0)
        wait_until(lambda: any(_is_closed(each) for each in jobs))
        next(each for each in jobs if _is_closed(each)).close()
        stack.enter_context(host.accept()[0])


def _is_closed(connection):
    try:
        return connection.fileno() >= 0 and connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False


def test_slow_name_server_delays_no_other_connection(relayed, monkeypatch):
    """Name servers may take half a minute; the report of the job to the platform must not wait for them."""
    waiting = threading.Event()
    monkeypatch.setattr("voxel51.runners.sandbox.doors._resolve", lambda _host, _port: (waiting.wait(60), [])[1])
    with ExitStack() as stack:
        platform = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        host = stack.enter_context(socket.create_server(("127.0.0.2", 0)))
        to_platform, to_host = relayed(platform, host)
        slow = stack.enter_context(connect(to_host))
        slow.sendall(b"early")

        job = stack.enter_context(connect(to_platform))
        served, _ = platform.accept()
        stack.enter_context(served)
        served.sendall(b"pong")

        assert job.recv(4) == b"pong"
        waiting.set()
        with pytest.raises(ConnectionError):
            slow.recv(1)


def test_doors_close_when_the_bytes_are_used_up(relayed):
    notes = []
    with ExitStack() as stack:
        platform = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        host = stack.enter_context(socket.create_server(("127.0.0.2", 0)))
        _, to_host = relayed(platform, host, max_bytes=1000, notes=notes)
        job = stack.enter_context(connect(to_host))
        served, _ = host.accept()
        stack.enter_context(served)

        job.sendall(b"x" * 600)
        served.recv(600, socket.MSG_WAITALL)
        served.sendall(b"y" * 600)

        wait_until(lambda: notes)
        assert notes == ["the job has exchanged 1000 bytes with other hosts, which is its limit"]
        with pytest.raises(ConnectionRefusedError):
            connect(to_host)
