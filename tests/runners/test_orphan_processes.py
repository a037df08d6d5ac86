import os
import shutil
import signal
import subprocess
import sys

import psutil
import pytest

from voxel51.runners.interface import ProcessIdentity
from voxel51.runners.orphan_processes import kill, kill_started_in, started_at, started_at_by_ps

WAITING = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(3600)"]


@pytest.fixture
def waiting():
    started = []

    def start(**more):
        started.append(subprocess.Popen(WAITING, start_new_session=True, **more))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_recorded_process_is_killed_with_its_group():
    command = ["/bin/sh", "-c", "sleep 3600 & echo $!; wait"]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True) as process:
        companion = psutil.Process(int(process.stdout.readline()))

        assert kill(ProcessIdentity(process.pid, started_at(process.pid)))

        assert process.wait(10) == -signal.SIGKILL
    companion.wait(10)


def test_another_process_with_the_same_id_is_left_alone(waiting):
    process = waiting()

    assert not kill(ProcessIdentity(process.pid, started_at(process.pid) - 1))

    assert process.poll() is None


def test_killing_an_exited_process_raises_no_error(waiting):
    process = waiting()
    recorded = ProcessIdentity(process.pid, started_at(process.pid))
    process.kill()
    process.wait()

    assert not kill(recorded)


def test_process_with_unknown_start_time_is_left_alone(waiting):
    process = waiting()

    assert not kill(ProcessIdentity(process.pid, 0.0))

    assert process.poll() is None


def test_zombie_process_counts_as_gone():
    process = subprocess.Popen(WAITING)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert started_at(process.pid) == 0.0
    process.wait()


def test_processes_are_found_by_their_temporary_folder(waiting, tmp_path):
    inside = [waiting(env={"TMPDIR": str(tmp_path)}), waiting(env={"TMPDIR": f"{tmp_path}/attempt/work"})]
    outside = waiting(env={"TMPDIR": f"{tmp_path}-other"})

    assert kill_started_in(tmp_path) == 2

    assert [process.wait(10) for process in inside] == [-signal.SIGKILL] * 2
    assert outside.poll() is None


@pytest.mark.skipif(not shutil.which("/bin/ps"), reason="needs ps")
def test_start_time_is_read_from_ps(waiting):
    process = waiting()

    assert started_at_by_ps(process.pid) == started_at_by_ps(process.pid) > 1.6e9
    process.kill()
    process.wait()
    assert started_at_by_ps(process.pid) == 0.0
