import signal

import pytest

from voxel51.runners.interface import ExitReason
from voxel51.runners.processes.exit_status import ExitStatus, OomKillCounter, classify_exit
from voxel51.wire.tasks import JobLimits, TaskExit

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=10, memory_bytes=1000, file_bytes=1, open_files=256)


def death(status, by=None, cpu=0.0, memory=0, oom=False):
    return ExitStatus(status, by, cpu, memory, oom)


def code(number):
    return number << 8


@pytest.mark.parametrize(
    ("how", "ending", "exit_code"),
    [
        pytest.param(death(code(0)), ExitReason.EXITED, 0, id="exit-0"),
        pytest.param(death(code(1), by="asked"), ExitReason.EXITED, 1, id="exited-before-it-was-stopped"),
        pytest.param(death(code(TaskExit.OUT_OF_MEMORY)), ExitReason.OVER_MEMORY, None, id="says-out-of-memory"),
        pytest.param(death(signal.SIGKILL, by="asked"), ExitReason.STOPPED, None, id="asked"),
        pytest.param(death(signal.SIGKILL, by="wall"), ExitReason.OVER_TIME, None, id="wall"),
        pytest.param(death(signal.SIGXCPU), ExitReason.OVER_TIME, None, id="cpu"),
        pytest.param(death(signal.SIGKILL, cpu=12.0), ExitReason.OVER_TIME, None, id="cpu-signal-ignored"),
        pytest.param(death(signal.SIGKILL, oom=True), ExitReason.OVER_MEMORY, None, id="oom-killed"),
        pytest.param(death(signal.SIGKILL), ExitReason.LOST, None, id="killed-by-a-stranger"),
        pytest.param(death(signal.SIGTERM), ExitReason.LOST, None, id="machine-shut-down"),
        pytest.param(death(signal.SIGSEGV), ExitReason.CRASHED, None, id="segmentation-fault"),
        pytest.param(death(signal.SIGABRT, memory=950), ExitReason.OVER_MEMORY, None, id="aborted-at-the-memory-limit"),
        pytest.param(death(signal.SIGABRT, memory=100), ExitReason.CRASHED, None, id="aborted"),
        pytest.param(death(signal.SIGSEGV | 0x80), ExitReason.CRASHED, None, id="core-dumped"),
        pytest.param(death(40), ExitReason.CRASHED, None, id="real-time-signal"),
    ],
)
def test_exit_status_decides_the_exit_reason(how, ending, exit_code):
    found, found_code, sentence = classify_exit(how, LIMITS)

    assert (found, found_code) == (ending, exit_code)
    assert sentence.endswith(".")


def test_oom_kill_counter_reports_increases_since_the_last_call(tmp_path):
    counters = tmp_path / "vmstat"
    counters.write_text("oom_killer 9\noom_kill 3\n")
    kills = OomKillCounter(counters)

    assert not kills.has_increased()
    counters.write_text("oom_kill 4\n")
    assert kills.has_increased()
    assert not kills.has_increased()
    counters.unlink()
    assert not kills.has_increased()
