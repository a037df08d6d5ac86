"""Sandbox: what a hostile job reaches, run by root and by a normal user."""

import json
import os

import pytest

from support.sandboxes import run_as, sandbox_report
from voxel51.runners.sandbox.policy import SandboxKind

PRIVATE = ("/tmp", "/dev/shm")
"""Folders of which each job has its own."""


@pytest.mark.parametrize("user", ["root", "normal user"])
@pytest.mark.parametrize("kind", ["namespaces", "landlock"])
def test_hostile_job_reaches_nothing(kind, user):
    if user == "root" and os.geteuid() != 0:
        pytest.skip("the tests do not run as root")
    if sandbox_report().kind.strength < SandboxKind(kind).strength:
        pytest.skip(f"this machine offers no {kind}: {sandbox_report().missing}")

    report = json.loads(run_as(user, "support.hostile_job", kind))

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
