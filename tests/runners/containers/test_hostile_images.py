"""Hostile images, really run: limits on what they take, reach and leave, by Podman and by Docker."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from runners.containers.conftest import LIMITS, Bench, MakeBench
from support.waiting import wait_until
from voxel51.runners.interface import ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.programs import ImageProgram
from voxel51.wire.tasks import API_TOKEN, JOB_ID

pytestmark = pytest.mark.slow


@pytest.fixture
def other_port() -> Iterator[int]:
    """The port of a server on all addresses of this machine, which is not the platform."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield server.getsockname()[1]


def reached(bench: Bench, port: int) -> dict[str, str]:
    """Run the image that tries to reach everything, and return what it says."""
    environment = bench.platform.environment | {JOB_ID: "reach-out", API_TOKEN: str(port)}
    program = ImageProgram(bench.image, "CPU", is_image_to_video=False)
    bench.runner.start(LaunchSpec("attempt1", program, environment, LIMITS))
    lines = bench.outcome().log.decode().splitlines()
    return dict(line.rsplit(" ", 1) if line.startswith("PLATFORM") else line.partition(" ")[::2] for line in lines)


def test_image_reaches_the_platform_and_nothing_else(bench: Bench, other_port: int) -> None:
    said = reached(bench, other_port)

    assert said["PLATFORM"] == "True"
    assert said["REACHED"] == "[]"
    assert said["INTERNET"] == "False False"
    assert said["INTERFACES"] == "['lo']"
    assert said["SOCKETS"] == "[]"
    assert "RAW" not in said
    assert "TOOK" not in said


def test_fork_bomb_is_limited(bench: Bench) -> None:
    outcome = bench.run("fork-bomb")

    started = int(outcome.log.partition(b"REFUSED ")[2].split()[0])
    assert started < LIMITS["processes"]


def test_image_that_fills_its_disk_is_ended(bench: Bench) -> None:
    outcome = bench.run("fill-disk")

    assert outcome.exit_reason is ExitReason.OVER_LIMIT, outcome
    assert outcome.detail == "The job kept more files than its limits of 256 MiB and 20000 files."
    assert b"WROTE IT" not in outcome.log


def test_image_that_makes_a_million_files_is_ended(bench: Bench) -> None:
    outcome = bench.run("many-files")

    assert outcome.exit_reason is ExitReason.OVER_LIMIT, outcome
    assert b"MADE THEM" not in outcome.log


def test_image_gains_no_privilege(bench: Bench) -> None:
    log = bench.run("setuid").log

    assert b"NO OTHER USER" in log
    assert b"WROTE" not in log
    assert b"MOUNTED" not in log
    if "docker" in bench.runner._engine.url:  # Podman's filter of system calls permits user namespaces
        assert b"UNSHARED" not in log


def test_log_that_is_a_link_is_not_followed(bench: Bench, engine: Any) -> None:
    bench.start("symlinked-log")
    wait_until(lambda: any(each.container and each.container._started_at for each in bench.runner._attempts.values()))

    bench.runner.stop("attempt1")

    assert bench.outcome().log == b""


def test_image_that_does_nothing_has_only_its_exit_code(bench: Bench) -> None:
    outcome = bench.run("exit-0")

    assert (outcome.exit_reason, outcome.exit_code, outcome.log) == (ExitReason.EXITED, 0, b"")
    assert bench.platform.requests == []


def test_read_only_root_limits_scratch_space_too(make_bench: MakeBench) -> None:
    bench = make_bench(read_only_root=True)

    assert bench.run("fill-disk").exit_reason is ExitReason.OVER_LIMIT
