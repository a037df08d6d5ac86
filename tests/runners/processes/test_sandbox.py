"""Sandbox: what a hostile job reaches, run by root and by a normal user."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support.sandboxes import NORMAL_USER, as_normal_user, sandbox_report
from voxel51.runners.sandbox.policy import SandboxKind

TESTS = Path(__file__).parents[2]
PRIVATE = ("/tmp", "/dev/shm")
"""Folders of which each job has its own."""


def run_hostile_job(kind, user, folder):
    folder.mkdir(mode=0o700)
    command = [sys.executable, "-P", "-m", "support.hostile_job", kind, str(folder)]
    if user == "normal user" and os.geteuid() == 0:
        os.chown(folder, NORMAL_USER, NORMAL_USER)
        for parent in folder.parents:  # pytest makes its folders private
            if parent == Path(tempfile.gettempdir()):
                break
            parent.chmod(0o755)
        command = as_normal_user(command)
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "VOXEL51_SECRET": "the secret of the server"}
    # A sandbox shows no working folder, and the tests must stay visible in a clone that only its owner can enter.
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd="/")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("user", ["root", "normal user"])
@pytest.mark.parametrize("kind", ["namespaces", "landlock"])
def test_hostile_job_reaches_nothing(tmp_path, kind, user):
    if user == "root" and os.geteuid() != 0:
        pytest.skip("the tests do not run as root")
    if sandbox_report().kind.strength < SandboxKind(kind).strength:
        pytest.skip(f"this machine offers no {kind}: {sandbox_report().missing}")

    report = run_hostile_job(kind, user, tmp_path / "hostile")

    found = report["found"]
    assert report["kind"] == kind
    assert report["planted"] == []
    for path, result in found.pop("files").items():
        assert result == "refused", path
    folders = found.pop("folders")
    assert "platform.sqlite" not in str(folders)
    assert "other" not in str(folders)
    for path, result in found.pop("write").items():
        assert result == "refused" or path.startswith(PRIVATE), path
    status = found.pop("status")
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert found.pop("environments") == 0
    assert not found.pop("earlier job")
    own_user = found.pop("user")
    assert set(found.values()) == {"refused"}, found
    if kind == "namespaces":
        assert status["Pid"] == "2"
        assert (own_user > 1 << 30) == (user == "root")
