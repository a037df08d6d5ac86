"""Holder image: the program that keeps a network in being."""

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from voxel51.runners.containers.holder_image import PROGRAM, holder_archive


@pytest.mark.skipif(sys.platform != "linux", reason="the program is for Linux")
def test_program_waits_until_it_is_killed(tmp_path):
    with tarfile.open(fileobj=io.BytesIO(holder_archive())) as archive:
        archive.extractall(tmp_path, filter="data")
    program = tmp_path / PROGRAM.lstrip("/")
    assert os.access(program, os.X_OK)

    with subprocess.Popen([program]) as process:
        wait_until_asleep(process.pid)
        assert process.poll() is None
        process.kill()
        assert process.wait() == -signal.SIGKILL


def wait_until_asleep(pid: int) -> None:
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_every_supported_machine_type_has_a_program():
    sizes = {machine: len(holder_archive(machine)) for machine in ("x86_64", "aarch64")}

    assert set(sizes.values()) == {10240}  # a tar archive of one small file


def test_unknown_machine_type_is_named():
    with pytest.raises(OSError, match="not on pdp11"):
        holder_archive("pdp11")
