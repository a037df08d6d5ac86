"""Control groups of jobs: made, joined and removed, on machines that permit it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from support.waiting import wait_until
from voxel51.runners import control_groups
from voxel51.runners.control_groups import ControlGroups
from voxel51.wire.tasks import JobLimits

LIMITS = JobLimits(
    wall_seconds=60, cpu_seconds=60, memory_bytes=200 << 20, file_bytes=1 << 30, open_files=64, processes=4
)


@pytest.fixture
def groups():
    found = ControlGroups.find()
    if found.missing:
        pytest.skip(found.missing)
    return found


def has_reached_its_memory_limit(made):
    failures = [path.read_text() for group in made for path in Path(group).glob("memory.failcnt")]
    events = [path.read_text() for group in made for path in Path(group).glob("memory.events")]
    return any(map(int, failures)) or any("max 0" not in text for text in events)


def test_kernel_holds_the_memory_limit_of_all_processes_of_a_group(groups, tmp_path):
    greedy = "import os, sys; sys.stdin.read(); os.fork(); os.fork(); b = bytearray(100 << 20); b[::4096] = b[::4096]"
    hold = "import signal; signal.pause()"
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", f"{greedy}; {hold}"], stdin=subprocess.PIPE)

    made = control_groups.create(groups.prefixes(tmp_path), process.pid, process.pid)
    control_groups.limit(made, LIMITS)
    process.stdin.close()
    wait_until(lambda: has_reached_its_memory_limit(made))
    for pid in {pid for group in made for pid in Path(group, "cgroup.procs").read_text().split()}:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    process.wait()
    wait_until(lambda: not any(Path(group, "cgroup.procs").read_text() for group in made))

    assert len(made) == len(groups.parents)
    groups.remove(tmp_path, process.pid)
    assert not any(Path(group).exists() for group in made)


def test_groups_of_an_earlier_runner_are_removed(groups, tmp_path):
    with subprocess.Popen(["sleep", "60"]) as process:
        made = control_groups.create(groups.prefixes(tmp_path), 1, process.pid)
        others = control_groups.create(groups.prefixes(tmp_path / "another"), 1, process.pid)
        process.kill()

    groups.remove_all(tmp_path)

    assert not any(Path(group).exists() for group in made)
    assert all(Path(group).exists() for group in others)
    groups.remove(tmp_path / "another", 1)
