"""``voxel51 server status`` and ``voxel51 server doctor``."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from demo.platform_process import COMMAND, PlatformProcess
from support.sandboxes import sandbox_report
from support.waiting import LIMIT_SECONDS
from voxel51.server.doctor import _check_slurm
from voxel51.server.settings import Settings


def run(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(
        [COMMAND, "server", *map(str, arguments)], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    return done.returncode, done.stdout


def test_status_finds_a_running_platform(platform: PlatformProcess) -> None:
    assert run("status", "--dir", platform.folder) == (0, f"The platform is running at {platform.url}\n")
    code, result = run("status", "--dir", platform.folder, "--json")
    assert (code, json.loads(result)) == (0, {"running": True, "url": platform.url})


def test_status_reports_that_no_platform_is_running(tmp_path: Path) -> None:
    assert run("status", "--dir", tmp_path) == (1, "The platform is not running\n")


def test_doctor_reports_no_failures_on_a_healthy_machine(tmp_path: Path) -> None:
    code, result = run("doctor", "--dir", tmp_path / "new", "--json")

    findings = {each["subject"]: each for each in json.loads(result)}
    assert code == 0
    assert "failure" not in {each["verdict"] for each in findings.values()}
    assert findings["extras"]["verdict"] == "ok"
    assert findings["encoder"]["verdict"] == "ok"
    assert "are installed" in findings["analytics"]["text"]
    assert findings["isolation"]["text"].startswith(f"{sandbox_report().kind}: ")
    assert "packages come from pypi.org" in findings["bundles"]["text"]
    assert not (tmp_path / "new").exists()


def test_doctor_reports_failures_with_advice(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    (folder / "platform.sqlite").write_text("no database at all " * 100)

    code, result = run("doctor", "--dir", folder)

    assert code == 1
    assert f"FAIL  data folder: other users can read {folder} (mode 755); run: chmod 700 {folder}" in result
    assert "FAIL  database: the check failed: the database" in result


def test_doctor_names_a_missing_folder_of_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_SERVER_PACKAGE_WHEELS", str(tmp_path / "wheels"))

    code, result = run("doctor", "--dir", tmp_path / "new")

    assert code == 1
    assert f"FAIL  bundles: package_wheels is not a folder: {tmp_path}/wheels" in result


def test_doctor_ends_quietly_when_the_reader_of_its_output_has_exited(tmp_path: Path) -> None:
    command = [COMMAND, "server", "doctor", "--dir", str(tmp_path / "new")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as doctor:
        assert doctor.stdout is not None
        assert doctor.stderr is not None
        doctor.stdout.close()
        errors = doctor.stderr.read()

    assert (doctor.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("errors", "text", "advice"),
    [
        ("slurm_load_partitions: Unable to contact slurm controller", "does not answer", "start slurmctld, or correct"),
        ("sinfo: error: Invalid user id", "refuses", "correct slurm.conf or SLURM_CONF"),
    ],
)
def test_doctor_says_whether_slurm_is_silent_or_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: str, text: str, advice: str
) -> None:
    for program in ("sbatch", "sinfo"):
        (tmp_path / program).write_text(f"#!/bin/sh\necho '{errors}' >&2\nexit 1\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    result = _check_slurm(Settings.load({}, {"engine": "slurm", "slurm_address": "127.0.0.1:5152"}))

    assert result.text.startswith(f"sbatch was found, but Slurm {text}: ")
    assert errors.removeprefix("sinfo: error: ") in result.text
    assert str(result.advice).startswith(advice)
