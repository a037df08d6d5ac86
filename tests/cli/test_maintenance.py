"""``voxel51 server adopt-storage`` and ``rotate-key``: commands for a stopped platform."""

import shutil
import subprocess
from pathlib import Path

import pytest

from demo.platform_process import COMMAND, PlatformProcess
from support.waiting import LIMIT_SECONDS


def run(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "server", *arguments, "--dir", folder]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)


def new_user(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "user", "create", name, "--no-password")


def test_storage_of_another_platform_is_adopted_after_confirmation(tmp_path: Path) -> None:
    for name in ("first", "second"):
        assert new_user(tmp_path / name, "ada").returncode == 0
    shutil.rmtree(tmp_path / "first" / "storage")
    shutil.copytree(tmp_path / "second" / "storage", tmp_path / "first" / "storage")
    assert "belongs to the platform with the storage" in new_user(tmp_path / "first", "bob").stderr

    declined = run(tmp_path / "first", "adopt-storage", stdin="no\n")
    assert declined.returncode == 1
    assert "can no longer be downloaded" in declined.stdout
    assert new_user(tmp_path / "first", "bob").returncode == 1

    adopted = run(tmp_path / "first", "adopt-storage", stdin="yes\n")
    assert adopted.returncode == 0, adopted.stderr
    assert f"The storage in {tmp_path / 'first'} is now that of the database" in adopted.stdout
    assert new_user(tmp_path / "first", "bob").returncode == 0


def test_signing_key_is_replaced(tmp_path: Path) -> None:
    assert new_user(tmp_path / "data", "ada").returncode == 0
    key = tmp_path / "data" / "signing.key"
    before = key.read_bytes() if key.exists() else b""

    done = run(tmp_path / "data", "rotate-key")

    assert done.returncode == 0, done.stderr
    assert "Encrypted 0 stored secrets again." in done.stdout
    assert key.read_bytes() != before


@pytest.mark.parametrize(
    ("command", "reason"),
    [(["adopt-storage", "--force"], "the platform is running"), (["rotate-key"], "a platform is already running")],
)
def test_running_platform_is_left_unchanged(platform: PlatformProcess, command: list[str], reason: str) -> None:
    done = run(platform.folder, *command)

    assert done.returncode == 1
    assert reason in done.stderr
