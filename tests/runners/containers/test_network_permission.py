"""Network permission of a container: it reaches the granted hosts, and the next container nothing of them."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from runners.containers.conftest import LIMITS, Bench
from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.network_permission import NetworkPermission
from voxel51.runners.programs import ImageProgram
from voxel51.wire.tasks import API_TOKEN, JOB_ID

pytestmark = pytest.mark.slow


@pytest.fixture
def port() -> Iterator[int]:
    """Port of a server on loopback that sends back what it receives."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(connection.recv(5))

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def run(
    bench: Bench, attempt_id: str, addresses: list[tuple[str, int]], permission: NetworkPermission | None
) -> tuple[list[str], AttemptOutcome]:
    """Return what a container got from each address, and its outcome."""
    environment = bench.platform.environment | {JOB_ID: "connect", API_TOKEN: json.dumps(addresses)}
    program = ImageProgram(bench.image, "CPU", is_image_to_video=False)
    bench.runner.start(LaunchSpec(attempt_id, program, environment, LIMITS, network=permission))
    outcome = bench.outcome(attempt_id)
    lines = outcome.log.decode().splitlines()
    return [line.removeprefix("GOT ") for line in lines if line.startswith("GOT ")], outcome


def test_container_reaches_granted_hosts_and_the_next_one_nothing(bench: Bench, port: int) -> None:
    unknown = "models.example.test"
    permission = NetworkPermission.of({f"127.0.0.1:{port}": ("127.0.0.1",), f"{unknown}:443": ()}, 1 << 20)
    addresses = [("127.0.0.1", port), (unknown, 443), ("127.0.0.1", 22), ("1.1.1.1", 443)]

    granted, outcome = run(bench, "granted", addresses, permission)
    others, _ = run(bench, "next", addresses, None)

    assert granted[0] == "hello", outcome
    assert granted[1] in {"ConnectionResetError", "closed"}
    assert set(granted[2:]) <= {"ConnectionRefusedError", "OSError"}
    log = outcome.log.decode()
    assert f"HOSTS [['127.51.0.1', '{unknown}']]" in log
    assert f"network: {unknown}:443 was not reached: its name cannot be resolved" in log
    assert set(others) <= {"ConnectionRefusedError", "OSError", "gaierror"}
