"""Exit status of containers: what the exit code and the runner's own kills mean for a job."""

import signal

import pytest

from voxel51.runners.containers.exit_status import ContainerExit, KillReason, classify_exit, is_fault_of_image
from voxel51.runners.interface import ExitReason
from voxel51.wire.tasks import JobLimits, TaskExit

LIMITS = JobLimits(
    wall_seconds=60, cpu_seconds=1000, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256,
    scratch_bytes=5 << 20, scratch_files=100,
)  # fmt: skip
KILLED = 128 + signal.SIGKILL


def a_status(code, *, is_out_of_memory=False, seconds=1.0, killed_for=None):
    return ContainerExit(code, is_out_of_memory, seconds, killed_for)


@pytest.mark.parametrize(
    ("status", "reason", "code"),
    [
        pytest.param(a_status(0), ExitReason.EXITED, 0, id="success"),
        pytest.param(a_status(3), ExitReason.EXITED, 3, id="failure"),
        pytest.param(a_status(TaskExit.NOT_STARTED), ExitReason.EXITED, TaskExit.FAILED, id="lie-about-the-start"),
        pytest.param(a_status(TaskExit.UNREPORTED), ExitReason.EXITED, TaskExit.UNREPORTED, id="unreported"),
        pytest.param(a_status(TaskExit.OUT_OF_MEMORY), ExitReason.OVER_MEMORY, None, id="says-out-of-memory"),
        pytest.param(a_status(1, is_out_of_memory=True), ExitReason.OVER_MEMORY, None, id="child-out-of-memory"),
        pytest.param(a_status(0, is_out_of_memory=True), ExitReason.EXITED, 0, id="success-in-spite-of-memory"),
        pytest.param(a_status(KILLED, killed_for=KillReason.STOPPED), ExitReason.STOPPED, None, id="stopped"),
        pytest.param(a_status(KILLED, killed_for=KillReason.OVER_TIME), ExitReason.OVER_TIME, None, id="wall"),
        pytest.param(a_status(KILLED, killed_for=KillReason.OVER_SCRATCH), ExitReason.OVER_LIMIT, None, id="scratch"),
        pytest.param(a_status(4, killed_for=KillReason.STOPPED), ExitReason.EXITED, 4, id="exited-before-the-kill"),
        pytest.param(a_status(KILLED), ExitReason.LOST, None, id="killed-from-outside"),
        pytest.param(a_status(KILLED, seconds=1e6), ExitReason.OVER_TIME, None, id="cpu-time-of-the-first-process"),
        pytest.param(a_status(128 + signal.SIGXCPU), ExitReason.OVER_TIME, None, id="cpu-time"),
        pytest.param(a_status(128 + signal.SIGSEGV), ExitReason.CRASHED, None, id="crash"),
        pytest.param(a_status(128 + signal.SIGTERM), ExitReason.LOST, None, id="machine-shuts-down"),
        pytest.param(a_status(255), ExitReason.EXITED, 255, id="no-signal"),
    ],
)
def test_status_has_a_reason(status, reason, code):
    found = classify_exit(status, LIMITS)

    assert found[:2] == (reason, code)
    assert found[2].endswith(".")


def test_sentence_names_the_limit():
    sentence = classify_exit(a_status(KILLED, killed_for=KillReason.OVER_SCRATCH), LIMITS)[2]

    assert sentence == "The job kept more files than its limits of 5 MiB and 100 files."


@pytest.mark.parametrize(
    ("refusal", "is_fault"),
    [
        ('exec: "missing": executable file not found in $PATH: unknown', True),
        ("no command specified", True),
        ("fork/exec /usr/bin/runc: resource temporarily unavailable", False),
    ],
)
def test_refusal_is_blamed_on_the_image_only_if_it_names_its_command(refusal, is_fault):
    assert is_fault_of_image(refusal) is is_fault
