"""Network permission of a job in namespaces: what it reaches with one, and everything that it still does not."""

import os
import socket
import threading

import pytest

from support.network_job import run_network_job
from support.sandboxes import sandbox_report
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.network_permission import NetworkPermission
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import PackageProgram
from voxel51.runners.sandbox.policy import SandboxKind, SandboxPolicy
from voxel51.wire.tasks import JobLimits

LOOPBACK = ["127.0.0.0/8", "::1/128"]
REFUSED = {"ConnectionRefusedError", "OSError", "gaierror", "ConnectionResetError", "TimeoutError"}


class EchoServer:
    """TCP server that sends back what it receives, and counts its connections."""

    def __init__(self, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, 0), family=family)
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection):
        with connection:
            try:
                while part := connection.recv(65536):
                    connection.sendall(part)
            except OSError:
                pass  # reset by the relay

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def server():
    server = EchoServer()
    yield server
    server.close()


@pytest.fixture
def other():
    server = EchoServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _needs_namespaces():
    if not sandbox_report().kind.limits_hosts:
        pytest.skip(f"this machine offers no namespaces: {sandbox_report().missing}")


@pytest.mark.parametrize("own_user", [True, False])
def test_job_reaches_granted_hosts_and_nothing_else(tmp_path, server, other, own_user):
    if own_user and os.geteuid() != 0:
        pytest.skip("jobs have users of their own only where the platform runs as root")
    granted, port = f"models.example.test:{server.port}", server.port
    probes = [
        {"host": "models.example.test", "port": port},
        {"host": "MODELS.example.test", "port": port},  # names have no case
        {"host": "models.example.test", "port": other.port},
        {"host": "other.example.test", "port": other.port},
        {"host": "127.0.0.1", "port": port},  # the address behind the name, which the job may not choose
        {"host": "127.0.0.1", "port": other.port},
        {"host": "::1", "port": port},
        {"host": "::ffff:127.0.0.1", "port": port},
        {"host": "1.1.1.1", "port": 443, "seconds": 5},
        {"host": "169.254.169.254", "port": 80, "seconds": 5},
        {"host": "2606:4700:4700::1111", "port": 443, "seconds": 5},
        {"host": "models.example.test", "port": port, "family": "AF_INET6"},
        {"host": "1.1.1.1", "port": 53, "kind": "SOCK_DGRAM", "seconds": 5},
        {"host": "127.51.0.1", "port": port, "kind": "SOCK_DGRAM", "seconds": 5},
        {"host": "sub.models.example.test", "port": port},
    ]
    names = {"models.example.test": "127.0.0.1", "other.example.test": "127.0.0.1"}

    found = run_network_job(tmp_path, {granted: LOOPBACK}, probes, names=names, own_user=own_user)

    reached, same_name, *refused = found["answers"]
    assert (reached, same_name) == ("hello", "hello"), found
    assert set(refused) <= REFUSED, found
    assert (server.connections, other.connections) == (2, 0)
    assert "127.51.0.1 models.example.test\n" in found["hosts"]


def test_private_addresses_need_a_grant_that_names_them(tmp_path, server):
    names = dict.fromkeys(("rebound.example.test", "narrow.example.test", "named.example.test"), "127.0.0.1")
    hosts = {
        f"rebound.example.test:{server.port}": [],
        f"narrow.example.test:{server.port}": ["10.0.0.0/8"],
        f"named.example.test:{server.port}": ["127.0.0.1"],
    }
    probes = [{"host": name, "port": server.port} for name in names]

    found = run_network_job(tmp_path, hosts, probes, names=names)

    assert found["answers"][2] == "hello", found
    assert set(found["answers"][:2]) <= REFUSED, found
    assert server.connections == 1
    assert f"network: rebound.example.test:{server.port} was not reached: it has no public address" in found["log"]
    assert "127.0.0.1" not in found["log"].partition("NETWORK")[0]


def test_addresses_can_be_granted_as_well(tmp_path):
    servers = {address: EchoServer(address) for address in ("127.0.0.1", "::1")}
    hosts = {f"127.0.0.1:{servers['127.0.0.1'].port}": LOOPBACK, f"[::1]:{servers['::1'].port}": LOOPBACK}
    probes = [{"host": address, "port": server.port} for address, server in servers.items()]

    found = run_network_job(tmp_path, hosts, probes)

    assert found["answers"] == ["hello", "hello"], found
    for server in servers.values():
        server.close()


def test_bytes_of_a_job_are_limited_and_the_platform_stays_reachable(tmp_path, server):
    """The job reports its end afterwards: `run_network_job` would not return otherwise."""
    probe = {"host": "127.0.0.1", "port": server.port}
    much = {**probe, "times": 40_000}

    found = run_network_job(tmp_path, {f"127.0.0.1:{server.port}": LOOPBACK}, [probe, much, probe], max_bytes=100_000)

    first, second, third = found["answers"]
    assert first == "hello"
    assert second in REFUSED or len(second) < 200_000
    assert third in REFUSED
    assert "network: the job has exchanged 100000 bytes with other hosts, which is its limit" in found["log"]


def test_sandbox_that_cannot_limit_hosts_starts_no_job_that_needs_them(tmp_path):
    permission = NetworkPermission.of({"api.example.org:443": ()}, 1000)
    limits = JobLimits(wall_seconds=1, cpu_seconds=1, memory_bytes=1 << 30, file_bytes=1, open_files=64)
    for kind in (SandboxKind.LANDLOCK, SandboxKind.NONE):
        runner = ProcessRunner(tmp_path / kind, policy=SandboxPolicy(kind))
        with pytest.raises(OSError, match=f"the sandbox '{kind}' cannot limit network access to single hosts"):
            runner.start(LaunchSpec("a", PackageProgram("samples/no-op"), {}, limits, network=permission))
