"""Attempts of one zygote: what their ends mean."""

import signal

import pytest

from voxel51.runners.interface import ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.attempts import RunningAttempt, ZygoteAttempts
from voxel51.runners.processes.exit_status import OomKillCounter
from voxel51.runners.processes.folders import AttemptFolder
from voxel51.runners.processes.workspaces import Workspace
from voxel51.runners.programs import PackageProgram
from voxel51.wire.tasks import JobLimits

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=10, memory_bytes=1000, file_bytes=1, open_files=256)


@pytest.mark.parametrize(
    ("of_group", "reason"),
    [
        pytest.param("oom_kill_disable 0\noom_kill 0\n", ExitReason.LOST, id="of-another-program"),
        pytest.param("oom_kill_disable 0\noom_kill 2\n", ExitReason.OVER_MEMORY, id="of-its-group"),
        pytest.param(None, ExitReason.OVER_MEMORY, id="without-a-group"),
    ],
)
def test_kill_while_the_machine_lacked_memory(tmp_path, of_group, reason):
    machine = tmp_path / "vmstat"
    machine.write_text("oom_kill 3\n")
    if of_group is not None:
        (tmp_path / "group-7").mkdir()
        (tmp_path / "group-7" / "memory.oom_control").write_text(of_group)
    workspace = Workspace(AttemptFolder(tmp_path / "folder"), None, (f"{tmp_path}/group-",))
    launch = LaunchSpec("attempt1", PackageProgram("analytic"), {}, LIMITS)
    ends = []
    attempts = ZygoteAttempts(ends.append)
    attempts.add(RunningAttempt(launch, workspace, OomKillCounter(machine)))

    attempts.apply({"started": "attempt1", "pid": 7})
    machine.write_text("oom_kill 4\n")
    usage = {"cpu_seconds": 0.0, "peak_memory_bytes": 0}
    attempts.apply({"ended": "attempt1", "wait_status": int(signal.SIGKILL), "ended_by": None, **usage})

    assert [end.reason for end in ends] == [reason]


def test_lack_of_memory_before_an_attempt_is_not_its_own(tmp_path):
    machine = tmp_path / "vmstat"
    machine.write_text("oom_kill 3\n")
    earlier = OomKillCounter(machine)
    machine.write_text("oom_kill 4\n")

    assert not OomKillCounter(machine).has_increased()
    assert earlier.has_increased()
