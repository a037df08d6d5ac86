"""The units of deploy/systemd: systemd accepts them, and they let jobs have their sandbox."""

import subprocess
from pathlib import Path

import pytest

from support.documentation_pages import ROOT
from support.requirements import require_program
from voxel51.server.settings import PREFIX, Settings

UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
PROGRAM = "/opt/voxel51/environment/bin/voxel51"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    analyze = require_program("systemd-analyze", "systemd")
    program = tmp_path / "voxel51"
    program.touch(mode=0o755)
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace(PROGRAM, str(program)))

    done = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True, check=False)

    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_jobs_may_have_their_sandbox_where_they_run(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    forbids = {"RestrictNamespaces", "ProtectProc", "ProcSubset", "ProtectKernelTunables"}

    found = {line.partition("=")[0] for line in lines if not line.startswith("#")} & forbids
    assert found == ({"ProtectKernelTunables"} if "api" in unit.stem else set())
    assert any(line == "NoNewPrivileges=true" for line in lines)


def test_settings_of_the_units_are_known() -> None:
    names = {
        word.partition("=")[0]
        for unit in UNITS
        for line in unit.read_text().splitlines()
        if line.startswith("Environment=")
        for word in line.removeprefix("Environment=").split()
    }
    assert {name.removeprefix(PREFIX).lower() for name in names} <= set(Settings.__dataclass_fields__)
