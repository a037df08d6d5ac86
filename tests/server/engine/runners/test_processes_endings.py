import signal

import pytest

from voxel51.server.engine.launch import Limits
from voxel51.server.engine.runner import Ending
from voxel51.server.engine.runners.processes_endings import Death, OomKills, ending_of
from voxel51.wire.tasks import TaskExit

LIMITS = Limits(wall_seconds=60, cpu_seconds=10, memory_bytes=1000, file_bytes=1)


def death(status, by=None, cpu=0.0, memory=0, oom=False):
    return Death(status, by, cpu, memory, oom)


def code(number):
    return number << 8


@pytest.mark.parametrize(
    ("how", "ending", "exit_code"),
    [
        pytest.param(death(code(0)), Ending.EXITED, 0, id="exit-0"),
        pytest.param(death(code(1), by="asked"), Ending.EXITED, 1, id="exited-before-it-was-stopped"),
        pytest.param(death(code(TaskExit.OUT_OF_MEMORY)), Ending.OVER_MEMORY, None, id="says-out-of-memory"),
        pytest.param(death(signal.SIGKILL, by="asked"), Ending.STOPPED, None, id="asked"),
        pytest.param(death(signal.SIGKILL, by="wall"), Ending.OVER_TIME, None, id="wall"),
        pytest.param(death(signal.SIGXCPU), Ending.OVER_TIME, None, id="cpu"),
        pytest.param(death(signal.SIGKILL, cpu=12.0), Ending.OVER_TIME, None, id="cpu-signal-ignored"),
        pytest.param(death(signal.SIGKILL, oom=True), Ending.OVER_MEMORY, None, id="oom-killed"),
        pytest.param(death(signal.SIGKILL), Ending.LOST, None, id="killed-by-a-stranger"),
        pytest.param(death(signal.SIGTERM), Ending.LOST, None, id="machine-shut-down"),
        pytest.param(death(signal.SIGSEGV), Ending.CRASHED, None, id="segmentation-fault"),
        pytest.param(death(signal.SIGABRT, memory=950), Ending.OVER_MEMORY, None, id="aborted-at-the-memory-limit"),
        pytest.param(death(signal.SIGABRT, memory=100), Ending.CRASHED, None, id="aborted"),
        pytest.param(death(signal.SIGSEGV | 0x80), Ending.CRASHED, None, id="core-dumped"),
        pytest.param(death(40), Ending.CRASHED, None, id="real-time-signal"),
    ],
)
def test_a_death_tells_how_the_attempt_ended(how, ending, exit_code):
    found, found_code, sentence = ending_of(how, LIMITS)

    assert (found, found_code) == (ending, exit_code)
    assert sentence.endswith(".")


def test_the_kernels_count_of_killed_processes_is_compared_with_the_last_look(tmp_path):
    counters = tmp_path / "vmstat"
    counters.write_text("oom_killer 9\noom_kill 3\n")
    kills = OomKills(counters)

    assert not kills.has_grown()
    counters.write_text("oom_kill 4\n")
    assert kills.has_grown()
    assert not kills.has_grown()
    counters.unlink()
    assert not kills.has_grown()
