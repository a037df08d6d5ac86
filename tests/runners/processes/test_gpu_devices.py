"""GPU devices in the sandbox: seen by attempts that need GPUs, where the runner shows them, and by no others.

The tests need no GPU: a device file that yields zeros stands in for it.
"""

import os
import stat
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.runner_benches import Bench
from support.sandboxes import sandbox_report
from voxel51.runners import gpu_devices
from voxel51.runners.gpu_devices import GpuAccess
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import PackageProgram
from voxel51.runners.resources import Resources
from voxel51.runners.sandbox.policy import SandboxKind, SandboxPolicy
from voxel51.wire.tasks import JobLimits

LIMITS = JobLimits(wall_seconds=120, cpu_seconds=60, memory_bytes=2 << 30, file_bytes=1 << 28, open_files=256)
ANALYTIC = """
    from pathlib import Path
    from voxel51.platform import analytic

    @analytic(version="1", supports_gpu=True)
    def look() -> dict:
        \"\"\"Read from the device files.\"\"\"
        for name in ("nvidia0", "nvidiactl", "nvidia-uvm", "other"):
            path = Path("{devices}", name)
            try:
                with path.open("r+b", buffering=0) as device:
                    print("SEEN", path.name, device.read(3), device.write(b"any"), flush=True)
            except OSError as error:
                print("REFUSED", path.name, type(error).__name__, flush=True)
        print("LOOKED", flush=True)
        return {{}}
"""


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two files of GPUs, and others that are none."""
    folder = tmp_path / "dev"
    folder.mkdir()
    try:
        for name in ("nvidia0", "nvidiactl", "other"):
            os.mknod(folder / name, stat.S_IFCHR | 0o666, os.makedev(1, 5))
            (folder / name).chmod(0o666)
            (folder / name).open("rb").close()
    except PermissionError:
        pytest.skip("device files cannot be made by this user, or used in this folder")
    (folder / "nvidia-uvm").write_text("no device")
    (folder / "nvidia-caps").mkdir()
    monkeypatch.setattr(gpu_devices, "DEVICE_FOLDER", folder)
    return folder


def sandbox(kind: str) -> SandboxPolicy:
    if sandbox_report().kind.strength < SandboxKind(kind).strength:
        pytest.skip(f"this machine offers no {kind}: {sandbox_report().missing}")
    found = sandbox_report().policy
    return replace(found, kind=SandboxKind(kind), own_user=found.own_user and kind == "namespaces")


def log_of_job(tmp_path: Path, platform, devices: Path, policy: SandboxPolicy, gpus: float, access: GpuAccess) -> str:
    source = tmp_path / "source"
    source.mkdir()
    (source / "look.py").write_text(textwrap.dedent(ANALYTIC.format(devices=devices)))
    runner = ProcessRunner(tmp_path / "runner", policy=policy, gpus=access)
    bench = Bench(runner, platform)
    runner.open(bench.ended)
    try:
        program = PackageProgram(str(source / "look.py"), (str(source),))
        runner.start(LaunchSpec("attempt1", program, platform.environment, LIMITS, resources=Resources(gpus=gpus)))
        log = bench.outcome().log.decode()
    finally:
        runner.close()
    assert "LOOKED" in log, log
    return log


def test_device_files_are_those_of_nvidia_gpus(devices):
    assert [path.name for path in gpu_devices.gpu_device_files()] == ["nvidia0", "nvidiactl"]


@pytest.mark.parametrize("kind", ["namespaces", "landlock"])
@pytest.mark.parametrize(("gpus", "access"), [(1.0, GpuAccess.NEEDED), (0.0, GpuAccess.ALL)], ids=["needed", "all"])
def test_attempt_sees_the_gpus_of_the_machine(tmp_path, platform, devices, kind, gpus, access):
    log = log_of_job(tmp_path, platform, devices, sandbox(kind), gpus, access)

    for name in ("nvidia0", "nvidiactl"):
        assert rf"SEEN {name} b'\x00\x00\x00' 3" in log
    assert "SEEN other" not in log
    assert "SEEN nvidia-uvm" not in log


@pytest.mark.parametrize("kind", ["namespaces", "landlock"])
@pytest.mark.parametrize(
    ("gpus", "access"), [(0.0, GpuAccess.NEEDED), (1.0, GpuAccess.NONE)], ids=["needs-none", "none"]
)
def test_other_attempts_see_no_gpu(tmp_path, platform, devices, kind, gpus, access):
    assert "SEEN" not in log_of_job(tmp_path, platform, devices, sandbox(kind), gpus, access)
